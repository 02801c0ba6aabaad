import { Fault } from '../../../src/ports/fault.ts';
import type { FleetItem } from '../../../src/ports/fleet-source.ts';
import type { Random } from '../../torture/random.ts';
import { itemOf } from './fleet-items.ts';
import { createStoreHistory, type StoreHistory } from './store-history.ts';

/** What several stores wrote. */
export interface Played {
  readonly items: readonly FleetItem[];
  /** the histories that count at the end */
  readonly histories: readonly StoreHistory[];
}

/** Several stores write in turns; some are rolled back and start again. */
export function playStores(random: Random, stores: number, length: number): Played {
  const histories = Array.from({ length: stores }, (_, at) => createStoreHistory(`s${at}`, random.split()));
  const items: FleetItem[] = [];
  const begin = (at: number, replaces: Fault | undefined) =>
    items.push({
      ...{ kind: 'starts', store: `s${at}`, first: 1, replaces },
      at: { commit: BigInt(items.length), prepare: BigInt(items.length) },
    });
  while (items.length < length) {
    const at = random.whole(0, stores - 1);
    const history = histories[at];
    if (history === undefined) break;
    if (history.log.length === 0) begin(at, undefined);
    else if (random.chance(0.005)) {
      histories[at] = createStoreHistory(`s${at}`, random.split());
      begin(at, new Fault('corrupt', `s${at}: was rolled back`, { hint: '' }));
    }
    for (const one of (histories[at] ?? history).grow()) items.push(itemOf(`s${at}`, one, items.length));
  }
  return { items, histories };
}
