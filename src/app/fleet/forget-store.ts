import { Fault } from '../../ports/fault.ts';
import type { StoreFacts } from '../../ports/fleet-questions.ts';
import type { FleetRemoval, Forgotten } from '../../ports/fleet-removal.ts';
import { storeNamed } from './questions/nodes.ts';
import { silentAfter, stateOf } from './questions/states.ts';

interface ForgetRequest {
  /** the name of a node, or the id of its store or the beginning of that */
  readonly named: string;
  /** a store in use too */
  readonly force: boolean;
  /** changes nothing */
  readonly dryRun: boolean;
  /** nanoseconds since 1970 UTC */
  readonly now: bigint;
}

/**
 * Removes a store from the fleet's tables. Rejects with a Fault: `missing` for a name that no store has or several have, `busy` for a
 * store that is in use.
 */
export function forgetStore(removal: FleetRemoval, request: ForgetRequest): Promise<Forgotten> {
  const { named, force, dryRun, now } = request;
  const choose = (stores: readonly StoreFacts[]) => {
    const store = storeNamed(stores, named, removal.where);
    if (!force && stateOf(store, now - silentAfter) === 'open') throw inUse(store, removal.where);
    return store;
  };
  return dryRun ? removal.count(choose) : removal.remove(choose);
}

const inUse = ({ node, store }: StoreFacts, where: string) =>
  new Fault(
    'busy',
    `${where}: store ${store} of node ${node} is in use: it is open, and had an event in the last 24 hours`,
    {
      hint: 'stop its daemon, and try again once `snapledger fleet nodes` shows it as closed; if the machine is gone, give --force',
    },
  );
