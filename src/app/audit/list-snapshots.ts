import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { Decimal, Kind, Labels, MaybeId, Nanoseconds, Whole } from '../../../events/codecs.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import type { State } from '../../../projections/state.ts';
import { diffIdWith } from '../../../projections/volumes.ts';
import { parseFilters } from '../../domain/filter/parse-filters.ts';
import { Fault } from '../../ports/fault.ts';
import { nullable } from '../queries/query.ts';

const snapshot = {
  id: Decimal,
  key: t.string,
  kind: Kind,
  parent: t.string,
  parentId: MaybeId,
  labels: Labels,
  created: Nanoseconds,
  updated: Nanoseconds,
  /** digest of the layer's uncompressed content, as the client labelled it */
  diffId: nullable(t.string),
  usage: nullable(t.strict({ bytes: Decimal, inodes: Decimal })),
};

export const SnapshotRow = t.strict(snapshot, 'Snapshot');
export type SnapshotRow = t.TypeOf<typeof SnapshotRow>;

export const snapshotRow = (state: State, snapshot: Snapshot): SnapshotRow => ({
  ...snapshot,
  diffId: diffIdWith(state.volumes, snapshot.id),
  usage: state.usage.get(snapshot.id) ?? null,
});

/** The snapshots that match any of containerd's filters, all without one, by id. Throws a Fault (`misuse`) for an invalid filter. */
export function listSnapshots(state: State, filters: readonly string[]): readonly SnapshotRow[] {
  const matches = parseFilters(filters);
  if (either.isLeft(matches))
    throw new Fault('misuse', matches.left.text, {
      hint: 'filters are as in `ctr snapshots ls`: kind==committed, name~=sha256, labels."a"==b',
    });
  const found = [...state.index.values()].filter(matches.right).sort((a, b) => a.id - b.id);
  return found.map((one) => snapshotRow(state, one));
}

/** `since` is the position of its removal, `removed` the time. */
export const RetainedRow = t.strict(
  { ...snapshot, since: Decimal, removed: Nanoseconds, flushed: t.boolean },
  'Retained',
);
export type RetainedRow = t.TypeOf<typeof RetainedRow>;

/** The removed layers that can be restored, oldest removal first. */
export const listRetained = (state: State): readonly RetainedRow[] =>
  [...state.volumes.retained.values()]
    .sort((a, b) => a.since - b.since)
    .map(({ snapshot, since, removed, flushed }) => ({ ...snapshotRow(state, snapshot), since, removed, flushed }));

export const TreeRow = t.strict({ ...snapshot, depth: Whole }, 'TreeRow');
/** `prefix` draws the lines to it, as `│  └─ `. */
export type TreeRow = t.TypeOf<typeof TreeRow> & { readonly prefix: string };

/** The snapshots, children below their parents, siblings by id. */
export function treeOf(state: State): readonly TreeRow[] {
  const { index, parentGraph } = state;
  const byParent = new Map<number | null, Snapshot[]>();
  for (const snapshot of [...index.values()].sort((a, b) => a.id - b.id)) {
    // A snapshot whose parent is gone is shown as a root, so that all are shown; verify explains it.
    const parentId = snapshot.parentId !== null && parentGraph.has(snapshot.parentId) ? snapshot.parentId : null;
    const children = byParent.get(parentId);
    if (children === undefined) byParent.set(parentId, [snapshot]);
    else children.push(snapshot);
  }
  return [...branches(byParent.get(null) ?? [], ({ id }) => byParent.get(id) ?? [])].map(({ node, depth, prefix }) => ({
    ...snapshotRow(state, node),
    depth,
    prefix,
  }));
}

interface Branch<N> {
  readonly node: N;
  readonly prefix: string;
  readonly depth: number;
}

/** Every node, parents before their children, in the order of `childrenOf`. Deep chains don't recurse. */
export function* branches<N>(roots: readonly N[], childrenOf: (node: N) => readonly N[]): IterableIterator<Branch<N>> {
  const ahead = roots.map((node) => ({ node, prefix: '', below: '', depth: 0 })).reverse();
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const { node, prefix, below, depth } = next;
    yield { node, prefix, depth };
    const children = childrenOf(node);
    for (let at = children.length - 1; at >= 0; at--) {
      const last = at === children.length - 1;
      ahead.push({
        node: children[at] as N,
        prefix: `${below}${last ? '└─ ' : '├─ '}`,
        below: `${below}${last ? '   ' : '│  '}`,
        depth: depth + 1,
      });
    }
  }
}
