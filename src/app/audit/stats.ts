import { namespaceOf, type Snapshot } from '../../../projections/snapshot.ts';
import { type RetainedTotals, retainedTotals, type State } from '../../../projections/state.ts';

/** How many snapshots there are of a sort, and what is known of their size. */
export interface Count {
  readonly snapshots: number;
  readonly bytes: number;
  readonly inodes: number;
  /** whose size is not measured: actives, views, and committed ones whose turn has not come */
  readonly unmeasured: number;
}

export interface Stats {
  readonly position: number;
  readonly total: Count;
  readonly namespaces: ReadonlyMap<string, Count>;
  readonly kinds: ReadonlyMap<string, Count>;
  readonly ages: ReadonlyMap<string, Count>;
  /** removed snapshots whose volumes are still on disk */
  readonly pendingPurge: number;
  /** removed layers that can be brought back */
  readonly retained: RetainedTotals;
}

const nothing: Count = { snapshots: 0, bytes: 0, inodes: 0, unmeasured: 0 };

const hour = 3_600_000_000_000n;
/** Upper bounds of the ages, youngest first. */
const ages: readonly (readonly [name: string, below: bigint])[] = [
  ['under 1h', hour],
  ['under 1d', 24n * hour],
  ['under 7d', 168n * hour],
  ['under 30d', 720n * hour],
];

/** Counts and bytes of the living snapshots; ages are as seen from `now`. */
export function statsOf(state: State, now: bigint): Stats {
  const sorts = {
    namespaces: new Map<string, Count>(),
    kinds: new Map<string, Count>(),
    ages: new Map<string, Count>(),
  };
  let total = nothing;
  for (const snapshot of state.index.values()) {
    const add = adding(state, snapshot);
    total = add(total);
    for (const [counts, name] of [
      [sorts.namespaces, namespaceOf(snapshot.key)],
      [sorts.kinds, snapshot.kind],
      [sorts.ages, ageOf(snapshot, now)],
    ] as const)
      counts.set(name, add(counts.get(name) ?? nothing));
  }
  return {
    position: state.position,
    total,
    ...sorts,
    pendingPurge: state.volumes.pendingPurge.size,
    retained: retainedTotals(state),
  };
}

function adding(state: State, { id }: Snapshot): (count: Count) => Count {
  const usage = state.usage.get(id);
  return ({ snapshots, bytes, inodes, unmeasured }) => ({
    snapshots: snapshots + 1,
    bytes: bytes + (usage?.bytes ?? 0),
    inodes: inodes + (usage?.inodes ?? 0),
    unmeasured: unmeasured + (usage === undefined ? 1 : 0),
  });
}

const ageOf = ({ created }: Snapshot, now: bigint) => ages.find(([, below]) => now - created < below)?.[0] ?? 'older';
