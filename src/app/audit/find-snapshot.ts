import * as t from 'io-ts';
import { Decimal } from '../../../events/codecs.ts';
import { ancestors, childrenOf } from '../../../projections/parent-graph.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
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
  const found = state.index.get(key) ?? onlyNamed([...state.index.values()], key);
  if (found !== undefined) return found;
  throw new Fault('missing', `snapshot ${key}: not found`, {
    hint: nearestHint(nearestKeys(key, keysIn(state)), `\`snapledger history ${key}\` shows whether it ever existed`),
  });
}

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
  const { index, volumes } = await load();
  const retained = [...volumes.retained.values()].map(({ snapshot }) => snapshot);
  const found =
    onlyNamed([...index.values()], text) ?? onlyNamed(retained, text) ?? onlyNamed(await allEver(log), text);
  return found && { key: found.key, ids: new Set([found.id]), exact: false };
}

/** Every snapshot in a log, under its key and under its name. */
export async function allEver(log: ReadableLog): Promise<readonly Candidate[]> {
  const all: Candidate[] = [];
  for await (const batch of log.read(0))
    for (const { event } of batch) {
      if (event.type === 'SnapshotPrepared') all.push({ id: event.data.id, key: event.data.key });
      if (event.type === 'SnapshotCommitted') all.push({ id: event.data.id, key: event.data.name });
    }
  return all;
}

export const Stat = t.strict(
  {
    ...SnapshotRow.type.props,
    parents: t.readonlyArray(t.string),
    children: t.readonlyArray(t.string),
    path: t.string,
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
    prepared: state.volumes.wanted.get(id)?.prepared ?? null,
  };
}
