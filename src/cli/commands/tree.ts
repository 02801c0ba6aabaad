import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { loadStore } from '../load-store.ts';
import { brief } from '../output/brief.ts';
import type { Print } from '../output/print.ts';
import { sizeText } from '../output/size.ts';
import { createTable } from '../output/table.ts';
import { ageOf } from '../output/time.ts';
import { branches } from '../output/tree.ts';
import { snapshotRow } from '../snapshot-row.ts';
import type { RootOptions } from '../store-root.ts';
import type { World } from '../world.ts';

export interface TreeOptions extends RootOptions {
  readonly json?: boolean;
  /** digests in full */
  readonly whole?: boolean;
}

/** Prints the living snapshots, children below their parents; with `json` one snapshot a line, with its depth. */
export async function tree(options: TreeOptions, world: World, print: Print): Promise<void> {
  const state = await loadStore(options, world);
  print(options.json === true ? jsonTree(state) : textTree(state, BigInt(Date.now()) * 1_000_000n, options.whole));
}

/** The tree as aligned lines. `now` in nanoseconds since 1970. */
export function textTree(state: State, now: bigint, whole = false): readonly string[] {
  const table = createTable([
    { title: 'ID', align: 'right' },
    { title: 'KIND' },
    { title: 'USAGE', align: 'right' },
    { title: 'AGE', align: 'right' },
    { title: 'KEY' },
  ]);
  const rows = [...family(state)].map(({ node: { id, kind, key, created }, strokes }) => {
    const usage = state.usage.get(id);
    return [
      String(id),
      kind,
      usage === undefined ? '-' : sizeText(usage.bytes),
      ageOf(created, now),
      `${strokes}${brief(key, whole)}`,
    ];
  });
  return table.lines(rows);
}

const jsonTree = (state: State) =>
  [...family(state)].map(({ node, depth }) => JSON.stringify({ ...snapshotRow(state, node), depth }));

function family({ index, lineage }: State) {
  const byId = new Map([...index.values()].map((snapshot) => [snapshot.id, snapshot]));
  const inOrder = (ids: Iterable<number>) =>
    [...ids].sort((a, b) => a - b).flatMap((id): Snapshot[] => (byId.has(id) ? [byId.get(id) as Snapshot] : []));
  // A snapshot whose parent is gone stands as a root of its own, so that nothing is hidden; verify explains it.
  const roots = [...byId.values()].filter(({ parentId }) => parentId === null || !byId.has(parentId));
  const childrenOf = ({ id }: Snapshot) => inOrder([...(lineage.get(id)?.children ?? [])].map(([child]) => child));
  return branches(inOrder(roots.map(({ id }) => id)), childrenOf);
}
