import { ancestors } from '../../../projections/lineage.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { Fault } from '../../ports/fault.ts';
import { pathOf, snapshotWith } from '../volume-of.ts';
import { nearestKeys } from './nearest-keys.ts';
import { onlyBeginning } from './only-beginning.ts';
import { snapshotRow } from './snapshot-row.ts';

/**
 * The living snapshot that is meant by a key or name, whole or as `tree` cuts it short, or by its number. Throws a Fault
 * (`missing`) that names the nearest keys.
 */
export function findSnapshot(state: State, key: string): Snapshot {
  const found =
    state.index.get(key) ?? onlyBeginning(state.index.values(), key, (one) => one.key) ?? numbered(state, key);
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

const numbered = (state: State, key: string) =>
  /^[1-9]\d{0,15}$/.test(key) ? snapshotWith(state, Number(key)) : undefined;

/** Names of the chain of parents, nearest first, and keys of the children by id. */
export function kinOf(state: State, { id, parentId }: Snapshot) {
  const names = (ids: readonly number[]) => ids.flatMap((one) => snapshotWith(state, one)?.key ?? []);
  const children = [...(state.lineage.get(id)?.children ?? [])].map(([child]) => child).sort((a, b) => a - b);
  return { parents: names(ancestors(state.lineage, parentId)), children: names(children) };
}

/** All that the log says of one living snapshot, as plain JSON. */
export const statRow = (state: State, snapshot: Snapshot): Record<string, unknown> => ({
  ...snapshotRow(state, snapshot),
  ...kinOf(state, snapshot),
  path: pathOf(snapshot.id),
});
