import type { Observable, Subscriber } from 'rxjs';
import type { ClusterPosition, FleetCheckpoint, FleetItem, FleetSource, StoreHead } from '../../ports/fleet-source.ts';
import { delivered, type Reconnecting, reconnecting } from './reconnecting.ts';

export interface SubscribeFleetOptions extends Reconnecting {
  readonly source: FleetSource;
  readonly checkpoint?: FleetCheckpoint;
  /**
   * Asynchronous work on an item: the next item waits for it, and no progress is saved whose work is not done. An error ends the
   * subscription. Observers get the item afterwards.
   */
  readonly handle?: (item: FleetItem) => void | Promise<void>;
}

/**
 * All stores of a cluster: of each store its events in order, each once, from the checkpoint on; across stores the order means
 * nothing. A new store, a store with another history, and one that is broken are items of their own, and concern that store only.
 * Reconnects with growing pauses. Progress is saved when the observers have returned and `handle` has resolved, at the latest after
 * its batch: after a crash only later items are repeated. Does not complete. Errors with a Fault: `corrupt` if the cluster ends
 * before the checkpoint.
 */
export function subscribeFleet(options: SubscribeFleetOptions): Observable<FleetItem> {
  return delivered((observer, signal) => deliver(options, observer, signal));
}

async function deliver(
  options: SubscribeFleetOptions,
  observer: Subscriber<FleetItem>,
  signal: AbortSignal,
): Promise<void> {
  const { source, checkpoint, handle } = options;
  const known = await checkpoint?.load();
  let after: ClusterPosition | undefined = known?.at;
  const heads = new Map(known?.heads);
  const read = () => source.read({ after, heads, signal });
  for await (const { items, at } of reconnecting(read, options, signal)) {
    for (const item of items) {
      if (signal.aborted) break;
      await handle?.(item);
      observer.next(item);
      follow(heads, item);
    }
    // Items of an interrupted batch are known by the heads.
    if (!signal.aborted) after = at;
    if (after !== undefined) await checkpoint?.save({ at: after, heads });
  }
}

/** Keeps the heads of the stores by what was delivered. */
function follow(heads: Map<string, StoreHead>, item: FleetItem): void {
  const { store } = item;
  if (item.kind === 'starts') heads.delete(store);
  else if (item.kind === 'stops')
    heads.set(store, { ...(heads.get(store) ?? { position: 0, chainHash: '' }), stopped: true });
  else {
    const position = item.kind === 'event' ? item.envelope.position : Number(item.wire.position);
    heads.set(store, { position, chainHash: item.chainHash, stopped: false });
  }
}
