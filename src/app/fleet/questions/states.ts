import type { StoreFacts, StoreSize } from '../../../ports/fleet-questions.ts';
import { type FleetSource, nodeNamed, nodeNames } from './nodes.ts';
import type { LagRow, NodeRow } from './rows.ts';

/** What is asked of stores that a name may narrow down to one. */
export interface OneOrAll {
  readonly node: string | undefined;
}

/** Nanoseconds without an event after which an open store is silent, if none are given. */
export const silentAfter = 86_400_000_000_000n;

/** Open stores of which the cluster has stored nothing since a time are silent. */
export function stateOf({ stopped, open, lastRecorded }: StoreFacts, silentSince: bigint): NodeRow['state'] {
  if (stopped) return 'stopped';
  if (!open) return 'closed';
  return lastRecorded === null || lastRecorded < silentSince ? 'silent' : 'open';
}

const byNode = (a: StoreFacts, b: StoreFacts) =>
  a.node < b.node ? -1 : a.node > b.node ? 1 : a.store < b.store ? -1 : 1;

async function chosen({ fleet }: FleetSource, { node }: OneOrAll): Promise<readonly StoreFacts[]> {
  const stores = await fleet.stores();
  return node === undefined ? [...stores].sort(byNode) : [nodeNamed(stores, node)];
}

/** Sums of the sizes of each store. */
function sumsOf(
  sizes: readonly StoreSize[],
): ReadonlyMap<string, { readonly snapshots: number; readonly bytes: number }> {
  const sums = new Map<string, { snapshots: number; bytes: number }>();
  for (const { store, snapshots, bytes } of sizes) {
    const sum = sums.get(store) ?? { snapshots: 0, bytes: 0 };
    sums.set(store, { snapshots: sum.snapshots + snapshots, bytes: sum.bytes + bytes });
  }
  return sums;
}

/** The stores of the fleet, by node. */
export async function nodesOf(source: FleetSource, silentSince: bigint): Promise<readonly NodeRow[]> {
  const [stores, sizes] = await Promise.all([chosen(source, { node: undefined }), source.fleet.sizes()]);
  const sums = sumsOf(sizes);
  const nodes = new Map<string, number>();
  for (const { node } of stores) nodes.set(node, (nodes.get(node) ?? 0) + 1);
  return stores.map((store) => ({
    ...store,
    ...(sums.get(store.store) ?? { snapshots: 0, bytes: 0 }),
    twice: store.node !== '' && (nodes.get(store.node) ?? 0) > 1,
    lastSeen: store.lastRecorded,
    state: stateOf(store, silentSince),
  }));
}

const between = (from: bigint | null, to: bigint | null) => (from === null || to === null ? null : to - from);

/** How far the stores are behind, and when the index last recorded its position. */
export async function lagOf(
  source: FleetSource,
  { silentSince, ...which }: OneOrAll & { readonly silentSince: bigint },
): Promise<{ readonly rows: readonly LagRow[]; readonly written: bigint | null }> {
  const [stores, written] = await Promise.all([chosen(source, which), source.fleet.written()]);
  const rows = stores.map((store) => ({
    ...store,
    state: stateOf(store, silentSince),
    event: store.lastEvent,
    recorded: store.lastRecorded,
    forwarding: between(store.lastEvent, store.lastRecorded),
    indexing: between(store.lastRecorded, store.indexed),
  }));
  return { rows, written };
}

const dayLength = 86_400_000_000_000n;

/** A time's day, and the first moment of it, in UTC. */
export function dayOf(time: bigint): { readonly day: string; readonly begins: bigint } {
  const begins = time - (((time % dayLength) + dayLength) % dayLength);
  return { day: new Date(Number(begins / 1_000_000n)).toISOString().slice(0, 10), begins };
}

/** What each node held at the beginning of a time's day. */
export async function heldAt(source: FleetSource, time: bigint) {
  const { day, begins } = dayOf(time);
  const [named, sizes] = await Promise.all([nodeNames(source), source.fleet.sizes(day)]);
  return sizes
    .filter(({ snapshots }) => snapshots > 0)
    .map((size) => ({ ...size, ...named(size.store), at: begins }))
    .sort((a, b) => (a.node < b.node ? -1 : a.node > b.node ? 1 : a.namespace < b.namespace ? -1 : 1));
}
