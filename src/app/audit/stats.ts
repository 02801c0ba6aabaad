import * as t from 'io-ts';
import { Decimal, Nanoseconds } from '../../../events/codecs.ts';
import type { Envelope } from '../../../events/envelope.ts';
import { Node } from '../../../events/store-events.ts';
import type { Snapshot } from '../../../projections/snapshot.ts';
import { namespaceOf } from '../../../projections/snapshot.ts';
import { retainedTotals, type State } from '../../../projections/state.ts';
import { silent } from '../../ports/logger.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import { nullable } from '../queries/query.ts';
import { loadState } from '../recovery/load-state.ts';
import { positionNamed, wallClock } from './moment.ts';
import { withLog } from './state-at.ts';

/** How many snapshots there are of a sort, and what is known of their size; `unmeasured` have no known size yet. */
export const Count = t.strict({ snapshots: Decimal, bytes: Decimal, inodes: Decimal, unmeasured: Decimal }, 'Count');
export type Count = t.TypeOf<typeof Count>;

const Counts = t.record(t.string, Count);

export const Stats = t.strict(
  {
    position: Decimal,
    /** the machine at the newest opening, null if an earlier release opened the store */
    node: nullable(Node),
    total: Count,
    namespaces: Counts,
    kinds: Counts,
    ages: Counts,
    /** removed snapshots whose volumes are still on disk */
    pendingPurge: Decimal,
    /** removed layers that can be restored */
    retained: t.strict({ layers: Decimal, bytes: Decimal }),
    log: t.strict({ segments: Decimal, archived: Decimal, bytes: Decimal, archivedBytes: Decimal }),
    /** events after the newest checkpoint: what a start would replay */
    behindCheckpoint: Decimal,
    /** nanoseconds since the last event up to the moment, null for none */
    quiet: nullable(Nanoseconds),
  },
  'Stats',
);
export type Stats = t.TypeOf<typeof Stats>;

/** The figures of a store at a moment, with those of its log as it is now. Rejects as `stateOfStore` if the log does not have the moment. */
export const statsOfStore = (files: StoreFiles, at?: string): Promise<Stats> =>
  withLog(files, async (log) => {
    const position = at === undefined ? log.end.position : await positionNamed(log, at);
    const { state, checkpoint, ...replayed } = await loadState(log, await files.openCheckpoints(), silent, position);
    const last = replayed.last ?? (await firstOf(log.read(position - 1)));
    const { count: layers, bytes } = retainedTotals(state);
    return {
      position: state.position,
      node: state.storeInfo.node ?? null,
      // Ages at an earlier moment are as they were then.
      ...countsOf(state, at === undefined ? wallClock() : (last?.time ?? wallClock())),
      pendingPurge: state.volumes.pendingPurge.size,
      retained: { layers, bytes },
      log: await files.measureLog(),
      behindCheckpoint: position - checkpoint,
      quiet: last === undefined ? null : wallClock() - last.time,
    };
  });

async function firstOf(batches: AsyncIterable<readonly Envelope[]>): Promise<Envelope | undefined> {
  for await (const [first] of batches) return first;
  return undefined;
}

const zero: Count = { snapshots: 0, bytes: 0, inodes: 0, unmeasured: 0 };

function countsOf(state: State, now: bigint): Pick<Stats, 'total' | 'namespaces' | 'kinds' | 'ages'> {
  const counts = {
    namespaces: new Map<string, Count>(),
    kinds: new Map<string, Count>(),
    ages: new Map<string, Count>(),
  };
  let total = zero;
  for (const snapshot of state.index.values()) {
    const usage = state.usage.get(snapshot.id);
    const add = ({ snapshots, bytes, inodes, unmeasured }: Count): Count => ({
      snapshots: snapshots + 1,
      bytes: bytes + (usage?.bytes ?? 0),
      inodes: inodes + (usage?.inodes ?? 0),
      unmeasured: unmeasured + (usage === undefined ? 1 : 0),
    });
    total = add(total);
    for (const [by, name] of [
      [counts.namespaces, namespaceOf(snapshot.key)],
      [counts.kinds, snapshot.kind],
      [counts.ages, ageOf(snapshot, now)],
    ] as const)
      by.set(name, add(by.get(name) ?? zero));
  }
  const { namespaces, kinds, ages } = counts;
  return {
    total,
    namespaces: Object.fromEntries(namespaces),
    kinds: Object.fromEntries(kinds),
    ages: Object.fromEntries(ages),
  };
}

const hour = 3_600_000_000_000n;
/** Upper bounds of the ages, youngest first. */
const ageLimits: readonly (readonly [name: string, below: bigint])[] = [
  ['under 1h', hour],
  ['under 1d', 24n * hour],
  ['under 7d', 168n * hour],
  ['under 30d', 720n * hour],
];

const ageOf = ({ created }: Snapshot, now: bigint) =>
  ageLimits.find(([, below]) => now - created < below)?.[0] ?? 'older';
