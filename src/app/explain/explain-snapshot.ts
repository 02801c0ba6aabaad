import type { Envelope } from '../../../events/envelope.ts';
import type { EventOf } from '../../../events/registry.ts';
import { causeOf, type Heard, type Observed, type Removal } from './cause.ts';
import { createGaps } from './gaps.ts';

/** Why a snapshot is, or is not any more. */
export interface Explanation {
  readonly id: number;
  readonly key: string;
  /** what it is: active, view, committed, retained, removed, lost or undone */
  readonly now: string;
  /** what happened to it, in order, each in a few words */
  readonly story: readonly string[];
}

/** Reads a log from its beginning for one snapshot: the one that stood last under a key or name, or has a number. */
export interface Inquiry {
  see(envelope: Envelope): void;
  /** What is known when all was seen; undefined where there never was such a snapshot. */
  explain(): Explanation | undefined;
}

interface Found {
  readonly id: number;
  readonly key: string;
  readonly now: string;
  readonly story: readonly (string | Removal)[];
}

export function createInquiry(about: string): Inquiry {
  const observed: Observed[] = [];
  const gaps = createGaps();
  let found: Found | undefined;
  /** How actives began: only their commit tells which name they get. */
  const begun = new Map<number, Told>();
  return {
    see: (envelope) => {
      const { event } = envelope;
      gaps.see(envelope);
      if (event.type === 'ContainerdObserved') observed.push(event.data);
      const id = 'id' in event.data ? event.data.id : null;
      const told = id === null ? undefined : tell(envelope);
      if (id === null || told === undefined) return;
      const first = begun.get(id);
      if (event.type === 'SnapshotPrepared') begun.set(id, told);
      else begun.delete(id);
      if (!concerns(envelope, about, id, found)) return;
      const before = found?.id === id ? found : { id, key: about, story: first === undefined ? [] : [first.story] };
      found = { ...before, ...told, story: [...before.story, told.story] };
    },
    explain: () =>
      found && {
        ...found,
        story: found.story.map((part) => (typeof part === 'string' ? part : removedText(part, { observed, gaps }))),
      },
  };
}

function concerns({ event: { data } }: Envelope, about: string, id: number, found: Found | undefined): boolean {
  const named = ('key' in data && data.key === about) || ('name' in data && data.name === about);
  return named || id === found?.id || String(id) === about;
}

interface Told {
  readonly now: string;
  readonly key?: string;
  readonly story: string | Removal;
}

/** Undefined for what changes nothing that a person asks about. */
function tell(envelope: Envelope): Told | undefined {
  const { event, meta, position } = envelope;
  const at = `at position ${position}`;
  switch (event.type) {
    case 'SnapshotPrepared': {
      const { kind, key, parent } = event.data;
      const under = meta.lease === undefined ? '' : ` under lease ${meta.lease}`;
      const on = parent === '' ? '' : ` on ${parent}`;
      return { now: kind, key, story: `prepared by ${meta.actor ?? 'unknown'}${under} as ${kind}${on}, ${at}` };
    }
    case 'SnapshotCommitted':
      return { now: 'committed', key: event.data.name, story: `committed from ${event.data.key}, ${at}` };
    case 'SnapshotRemoved': {
      const story = envelope as Envelope<EventOf<'SnapshotRemoved'>>;
      return { now: event.data.retained ? 'retained' : 'removed', story };
    }
    case 'SnapshotRestored':
      return { now: 'committed', story: `brought back (${event.data.why}), ${at}` };
    case 'RetentionEnded':
      return { now: 'removed', story: `given up for good, since ${event.data.why}, ${at}` };
    case 'VolumeLost':
      return { now: 'lost', story: `lost, since ${event.data.why}, ${at}` };
    case 'PrepareUndone':
      return { now: 'undone', story: `undone, since ${event.data.step} failed (${event.data.error}), ${at}` };
    case 'OrphanQuarantined':
      return { now: 'quarantined', story: `its volume moved to ${event.data.moved}, since ${event.data.why}, ${at}` };
    default:
      return undefined;
  }
}

const removedText = (removal: Removal, heard: Heard): string =>
  `removed ${causeOf(removal, heard)}, at position ${removal.position}`;
