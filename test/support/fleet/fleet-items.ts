import type { FleetItem } from '../../../src/ports/fleet-source.ts';
import type { Recorded } from './store-history.ts';

/** An item as a source delivers it; `at` is its place in the cluster. */
export function itemOf(store: string, recorded: Recorded, at: number): FleetItem {
  const position = recorded.kind === 'event' ? recorded.envelope.position : Number(recorded.wire.position);
  return {
    ...recorded,
    ...{ store, at: { commit: BigInt(at), prepare: BigInt(at) }, chainHash: `${store} ${position}` },
    recorded: 1_795_000_000_000 + at * 1000,
  };
}
