import * as t from 'io-ts';
import { Decimal } from '../../../events/codecs.ts';
import type { Event, EventOf } from '../../../events/registry.ts';
import { imagesWith } from '../../../projections/images.ts';
import { ancestors, childrenOf } from '../../../projections/parent-graph.ts';
import { diffIdOf, namespaceOf, refOf, type Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { diffIdWith } from '../../../projections/volumes.ts';
import { type Candidate, listed, named } from '../../domain/named.ts';
import { nearestKeys } from '../../domain/nearest.ts';
import { Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import { pathOf, snapshotWith } from '../store/volume-of.ts';
import { SnapshotRow, snapshotRow } from './list-snapshots.ts';
import { idsOf } from './read-events.ts';

/** The fault for an ambiguous name. It lists the candidates. */
export class Ambiguous extends Fault {
  readonly snapshots: readonly Candidate[];

  constructor(text: string, snapshots: readonly Candidate[]) {
    super('missing', `snapshot ${text}: names ${snapshots.length} snapshots`, {
      hint: `use an id or a complete key: ${listed(snapshots)}`,
    });
    this.snapshots = snapshots.map(({ id, key }) => ({ id, key }));
  }
}

export const AmbiguousRow = t.strict(
  { error: t.string, hint: t.string, snapshots: t.array(t.strict({ id: Decimal, key: t.string })) },
  'Ambiguous',
);

/** The same as plain JSON. */
export const ambiguousRow = ({ message, hint, snapshots }: Ambiguous) =>
  AmbiguousRow.encode({ error: message, hint, snapshots: [...snapshots] });

/** The only candidate with a name, as `named`; undefined for none. Throws an Ambiguous for several. */
function onlyNamed<C extends Candidate>(candidates: readonly C[], text: string): C | undefined {
  const found = named(candidates, text);
  if (found.length > 1) throw new Ambiguous(text, found);
  return found[0];
}

/** The existing snapshot with a name, as `named`. Throws a Fault: `missing` with the nearest keys, or an Ambiguous. */
export function findSnapshot(state: State, key: string): Snapshot {
  const found = state.index.get(key) ?? state.index.get(onlyNamed(existingIn(state), key)?.key ?? '');
  if (found !== undefined) return found;
  throw new Fault('missing', `snapshot ${key}: not found`, {
    hint: nearestHint(nearestKeys(key, keysIn(state)), `\`snapledger history ${key}\` shows whether it ever existed`),
  });
}

const existingIn = ({ index, volumes }: State): readonly Candidate[] =>
  [...index.values()].map(({ id, key }) => ({ id, key, diffId: diffIdWith(volumes, id) }));

const retainedIn = ({ volumes }: State): readonly Candidate[] =>
  [...volumes.retained.values()].map(({ snapshot: { id, key }, diffId }) => ({ id, key, diffId }));

export const keysIn = ({ index }: State): readonly string[] => [...index.values()].map(({ key }) => key);

/** A hint with the nearest keys, or another one if there are none. */
export const nearestHint = (near: readonly string[], otherwise: string): string =>
  near.length === 0 ? otherwise : `the nearest are: ${near.join(', ')}`;

/** What a name means in the history of a log. */
interface Meant {
  /** key or name of all these */
  readonly key: string;
  /** for a key or name every snapshot that ever had it, otherwise the only one with that name */
  readonly ids: ReadonlySet<number>;
  readonly exact: boolean;
}

/**
 * What a text names, existing or not: as a complete key or name, else among the existing, else among the retained, else among
 * all that ever existed. Undefined for nothing; rejects with an Ambiguous for several.
 */
export async function meantIn(log: ReadableLog, load: () => Promise<State>, text: string): Promise<Meant | undefined> {
  const ids = await idsOf(log, text);
  if (ids.size > 0) return { key: text, ids, exact: true };
  const state = await load();
  const found =
    onlyNamed(existingIn(state), text) ?? onlyNamed(retainedIn(state), text) ?? onlyNamed(await allEver(log), text);
  return found && { key: found.key, ids: new Set([found.id]), exact: false };
}

type Naming = EventOf<'SnapshotPrepared' | 'SnapshotTakenOver' | 'SnapshotCommitted'>;
const isNaming = (event: Event): event is Naming =>
  ['SnapshotPrepared', 'SnapshotTakenOver', 'SnapshotCommitted'].includes(event.type);

/** Every snapshot in a log, under its key and under its name. */
export async function allEver(log: ReadableLog): Promise<readonly Candidate[]> {
  const all: Candidate[] = [];
  for await (const batch of log.read(0))
    for (const { event } of batch) {
      if (!isNaming(event)) continue;
      const { id, labels } = event.data;
      const key = event.type === 'SnapshotCommitted' ? event.data.name : event.data.key;
      all.push({ id, key, diffId: diffIdOf(labels) });
    }
  return all;
}

export const Stat = t.strict(
  {
    ...SnapshotRow.type.props,
    parents: t.readonlyArray(t.string),
    children: t.readonlyArray(t.string),
    path: t.string,
    /** images of its namespace that have the layer, as far as they were recorded */
    images: t.readonlyArray(t.string),
  },
  'Stat',
);
/** `prepared` is the position of its SnapshotPrepared, null if unknown. */
export type Stat = t.TypeOf<typeof Stat> & { readonly prepared: number | null };

/** An existing snapshot with the names of its parents, nearest first, and the keys of its children by id. */
export function statOf(state: State, key: string): Stat {
  const snapshot = findSnapshot(state, key);
  const { id, parentId } = snapshot;
  const names = (ids: readonly number[]) => ids.flatMap((one) => snapshotWith(state, one)?.key ?? []);
  return {
    ...snapshotRow(state, snapshot),
    parents: names(ancestors(state.parentGraph, parentId)),
    children: names(childrenOf(state.parentGraph, id)),
    path: pathOf(id),
    images: imagesWith(state.images, namespaceOf(snapshot.key), refOf(snapshot)),
    prepared: state.volumes.wanted.get(id)?.prepared ?? null,
  };
}
