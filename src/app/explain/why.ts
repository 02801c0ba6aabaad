import * as t from 'io-ts';
import { Decimal } from '../../../events/codecs.ts';
import type { Envelope } from '../../../events/envelope.ts';
import type { Event, EventOf } from '../../../events/registry.ts';
import { childrenOf } from '../../../projections/parent-graph.ts';
import { diffIdOf } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { nearestKeys } from '../../domain/nearest.ts';
import { stagedLabel } from '../../domain/staging.ts';
import { Fault } from '../../ports/fault.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import { allEver, meantIn, nearestHint } from '../audit/find-snapshot.ts';
import { stateAt, withLog } from '../audit/state-at.ts';
import { nullable } from '../queries/query.ts';
import { causeOf, createGaps, type Heard, type Observed, type Removal } from './cause.ts';

/** Why a snapshot exists, or no longer exists. */
export const Why = t.strict(
  {
    id: Decimal,
    key: t.string,
    /** active, view, committed, retained, removed, lost, undone or quarantined */
    now: t.string,
    /** digest of the layer's uncompressed content, as the client labelled it */
    diffId: nullable(t.string),
    /** what happened to it, in order */
    story: t.readonlyArray(t.string),
    /** keys of its children, sorted */
    children: t.readonlyArray(t.string),
  },
  'Why',
);
export type Why = t.TypeOf<typeof Why>;
type Explanation = Omit<Why, 'children'>;

/**
 * Reads the whole log for a snapshot, named as in `meantIn`; of several with one key or name the last. Rejects with a Fault:
 * `missing` with the nearest keys, or an Ambiguous.
 */
export const whySnapshot = (files: StoreFiles, about: string): Promise<Why> =>
  withLog(files, async (log) => {
    const state = await stateAt(files, log, log.end.position);
    const meant = await meantIn(log, async () => state, about);
    const [id] = meant?.ids ?? [];
    const inquiry = createInquiry(meant?.exact === false ? String(id) : about);
    for await (const batch of log.read(0)) for (const envelope of batch) inquiry.see(envelope);
    const explanation = inquiry.explain();
    if (explanation !== undefined) return { ...explanation, children: keysOfChildren(state, explanation) };
    const near = nearestKeys(about, new Set((await allEver(log)).map(({ key }) => key)));
    throw new Fault('missing', `snapshot ${about}: not in any event of the log`, {
      hint: nearestHint(near, '`snapledger log` shows all events'),
    });
  });

function keysOfChildren({ parentGraph }: State, { id, now }: Explanation): readonly string[] {
  const children = ['active', 'view', 'committed'].includes(now) ? childrenOf(parentGraph, id) : [];
  return children.flatMap((child) => parentGraph.get(child)?.key ?? []).sort();
}

/** Reads a log from its beginning for one snapshot: the last one with a key or name, or the one with an id. */
interface Inquiry {
  see(envelope: Envelope): void;
  /** The explanation after all events; undefined if there never was such a snapshot. */
  explain(): Explanation | undefined;
}

interface Found {
  readonly id: number;
  readonly key: string;
  readonly now: string;
  readonly diffId: string | null;
  readonly story: readonly (string | Removal)[];
}

export function createInquiry(about: string): Inquiry {
  const observed: Observed[] = [];
  const gaps = createGaps();
  let found: Found | undefined;
  /** Prepares of open snapshots: their names are only known at their commits. */
  const begun = new Map<number, Step>();
  return {
    see: (envelope) => {
      const { event } = envelope;
      gaps.see(envelope);
      if (event.type === 'ContainerdObserved') observed.push(event.data);
      const id = 'id' in event.data ? event.data.id : null;
      const first = id === null ? undefined : begun.get(id);
      const met = id === null ? undefined : stepOf(envelope, first);
      if (id === null || met === undefined) return;
      const { parent: _parent, ...step } = met;
      if (opens(event)) begun.set(id, met);
      else begun.delete(id);
      if (!concerns(envelope, about, id, found)) return;
      const begin = { id, key: about, diffId: first?.diffId ?? null, story: first === undefined ? [] : [first.story] };
      const before = found?.id === id ? found : begin;
      found = { ...before, ...step, diffId: step.diffId ?? before.diffId, story: [...before.story, step.story] };
    },
    explain: () =>
      found && {
        ...found,
        story: found.story.map((part) => (typeof part === 'string' ? part : removedText(part, { observed, gaps }))),
      },
  };
}

/** A commit may follow, under another name. */
const opens = (event: Event): boolean =>
  event.type === 'SnapshotPrepared' || (event.type === 'SnapshotTakenOver' && event.data.kind === 'active');

function concerns({ event: { data } }: Envelope, about: string, id: number, found: Found | undefined): boolean {
  const named = ('key' in data && data.key === about) || ('name' in data && data.name === about);
  return named || id === found?.id || String(id) === about;
}

interface Step {
  readonly now: string;
  readonly key?: string;
  readonly diffId?: string | null;
  /** the parent that it has from then on */
  readonly parent?: string;
  readonly story: string | Removal;
}

/** Undefined for events without importance to a person. `first` is the prepare of the same snapshot. */
function stepOf(envelope: Envelope, first: Step | undefined): Step | undefined {
  const { event, meta, position } = envelope;
  const at = `at position ${position}`;
  switch (event.type) {
    case 'SnapshotPrepared': {
      const { kind, key, parent, labels } = event.data;
      const under = meta.lease === undefined ? '' : ` under lease ${meta.lease}`;
      const { [stagedLabel]: source } = labels;
      const on = parent === '' ? '' : ` on ${parent}`;
      const content = source === undefined ? '' : ` with the content of snapshot ${source}`;
      const story = `prepared by ${meta.actor ?? 'unknown'}${under} as ${kind}${on}${content}, ${at}`;
      return { now: kind, key, diffId: diffIdOf(labels), parent, story };
    }
    case 'SnapshotTakenOver': {
      const { kind, key, parent, labels } = event.data;
      const on = parent === '' ? '' : ` on ${parent}`;
      const story = `taken over from containerd's own snapshotter as ${kind}${on}, ${at}`;
      return { now: kind, key, diffId: diffIdOf(labels), parent, story };
    }
    case 'SnapshotCommitted': {
      const { key, name, parent, labels } = event.data;
      const on = first === undefined || first.parent === parent ? '' : ` on ${parent}`;
      const story = `committed from ${key}${on}, ${at}`;
      return { now: 'committed', key: name, diffId: diffIdOf(labels), story };
    }
    case 'SnapshotRemoved': {
      const story = envelope as Envelope<EventOf<'SnapshotRemoved'>>;
      return { now: event.data.retained ? 'retained' : 'removed', story };
    }
    case 'SnapshotRestored':
      return { now: 'committed', story: `restored (${event.data.why}), ${at}` };
    case 'RetentionEnded':
      return { now: 'removed', story: `retention ended: ${event.data.why}, ${at}` };
    case 'VolumeLost':
      return { now: 'lost', story: `lost: ${event.data.why}, ${at}` };
    case 'PrepareUndone':
      return { now: 'undone', story: `undone: ${event.data.step} failed (${event.data.error}), ${at}` };
    case 'OrphanQuarantined':
      return { now: 'quarantined', story: `its volume was moved to ${event.data.moved}: ${event.data.why}, ${at}` };
    default:
      return undefined;
  }
}

const removedText = (removal: Removal, heard: Heard): string =>
  `removed ${causeOf(removal, heard)}, at position ${removal.position}`;
