import { ancestors, childrenOf } from '../../../projections/parent-graph.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { type Candidate, listed, named } from '../../domain/named.ts';
import { Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import { pathOf, snapshotWith } from '../store/volume-of.ts';
import { idsOf } from './life-events.ts';
import { nearestKeys } from './nearest-keys.ts';
import { snapshotRow } from './snapshot-row.ts';

/** The fault for a text that names several snapshots: all of them are listed. */
export class Ambiguous extends Fault {
  readonly snapshots: readonly Candidate[];

  constructor(text: string, snapshots: readonly Candidate[]) {
    super('missing', `snapshot ${text}: names ${snapshots.length} snapshots`, {
      hint: `name one by its number or whole key: ${listed(snapshots)}`,
    });
    this.snapshots = snapshots.map(({ id, key }) => ({ id, key }));
  }
}

/** The same as plain JSON. */
export const ambiguousRow = ({ message, hint, snapshots }: Ambiguous) => ({
  error: message,
  hint,
  snapshots: snapshots.map(({ id, key }) => ({ id: String(id), key })),
});

/** The one candidate that a text names, as `named`, or undefined for none. Throws an Ambiguous for several. */
export function onlyNamed<C extends Candidate>(candidates: readonly C[], text: string): C | undefined {
  const found = named(candidates, text);
  if (found.length > 1) throw new Ambiguous(text, found);
  return found[0];
}

/**
 * The living snapshot that a text names, as `named`. Throws a Fault: `missing` that names the nearest keys, or an Ambiguous.
 */
export function findSnapshot(state: State, key: string): Snapshot {
  const found = state.index.get(key) ?? onlyNamed([...state.index.values()], key);
  if (found !== undefined) return found;
  const near = nearestKeys(
    key,
    [...state.index.values()].map((snapshot) => snapshot.key),
  );
  throw new Fault('missing', `snapshot ${key}: not found`, {
    hint:
      near.length === 0
        ? `\`snapledger history ${key}\` tells whether there ever was one, \`snapledger tree\` lists the living`
        : `the nearest are: ${near.join(', ')}`,
  });
}

/** What a text means in a whole log. */
export interface Meant {
  /** a key or name of all these */
  readonly key: string;
  /** every snapshot that ever stood under it where the text is a key or name, else the one that it names */
  readonly ids: ReadonlySet<number>;
  readonly exact: boolean;
}

/**
 * What a text names, living or not: as a whole key or name, else among the living, else among the retained, else among all
 * that ever were. Undefined for nothing; rejects with an Ambiguous for several.
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

/** Every snapshot that a log tells of, under its key and under its name. */
export async function allEver(log: ReadableLog): Promise<readonly Candidate[]> {
  const all: Candidate[] = [];
  for await (const batch of log.read(0))
    for (const { event } of batch) {
      if (event.type === 'SnapshotPrepared') all.push({ id: event.data.id, key: event.data.key });
      if (event.type === 'SnapshotCommitted') all.push({ id: event.data.id, key: event.data.name });
    }
  return all;
}

/** Names of the chain of parents, nearest first, and keys of the children by id. */
export function kinOf(state: State, { id, parentId }: Snapshot) {
  const names = (ids: readonly number[]) => ids.flatMap((one) => snapshotWith(state, one)?.key ?? []);
  const { parentGraph } = state;
  return { parents: names(ancestors(parentGraph, parentId)), children: names(childrenOf(parentGraph, id)) };
}

/** All that the log says of one living snapshot, as plain JSON. */
export const statRow = (state: State, snapshot: Snapshot): Record<string, unknown> => ({
  ...snapshotRow(state, snapshot),
  ...kinOf(state, snapshot),
  path: pathOf(snapshot.id),
});
