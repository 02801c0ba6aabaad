import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { foldBatch } from '../../../src/app/fleet/fold/batch.ts';
import { Fault } from '../../../src/ports/fault.ts';
import type { FleetStore } from '../../../src/ports/fleet-database.ts';
import type { FleetItem } from '../../../src/ports/fleet-source.ts';
import { assertTables } from '../../support/fleet/assert-tables.ts';
import { itemOf } from '../../support/fleet/fleet-items.ts';
import { emptyTables, memoryFleetDatabase } from '../../support/fleet/memory-fleet-database.ts';
import { createStoreHistory, type StoreHistory } from '../../support/fleet/store-history.ts';
import { createRandom, type Random } from '../../torture/random.ts';

const test = suite('fleet fold');

interface Played {
  readonly items: readonly FleetItem[];
  /** the histories that count at the end */
  readonly histories: readonly StoreHistory[];
}

/** Several stores write in turns; some are rolled back and start again. */
function play(random: Random, stores: number, length: number): Played {
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

test('rows equal a fold of each whole log, for any histories, batches and restarts', async () => {
  const run = fc.record({
    seed: fc.nat(),
    stores: fc.integer({ min: 1, max: 5 }),
    length: fc.integer({ min: 1, max: 500 }),
  });
  const rows = { removed: 0, retained: 0, lost: 0, incidents: 0, kept: 0, lineages: 0, images: 0 };
  await fc.assert(
    fc.asyncProperty(run, async ({ seed, stores, length }) => {
      const random = createRandom(seed);
      const { items, histories } = play(random, stores, length);
      const tables = emptyTables();
      const database = memoryFleetDatabase(tables);
      for (let from = 0; from < items.length; ) {
        const to = from + random.pick([1, 7, 60, 400]);
        const known = new Map(
          (await database.progress()).stores.map((store): [string, FleetStore] => [store.store, store]),
        );
        const batch = { items: items.slice(from, to), at: { commit: BigInt(to), prepare: BigInt(to) } };
        await database.apply(await foldBatch(batch, { stores: known, rows: database, now: () => 1n }));
        from = to;
      }
      assertTables(tables, histories);
      for (const { ended, retained } of tables.snapshots.values()) {
        rows.removed += Number(ended !== null);
        rows.retained += Number(retained);
        rows.lost += Number(ended === 'lost');
      }
      rows.incidents += tables.incidents.size;
      rows.kept += tables.kept.size;
      rows.images += tables.images.size;
      rows.lineages += [...tables.stores.values()].filter(({ lineage }) => lineage > 1).length;
    }),
    { numRuns: 60, includeErrorInReport: true },
  );
  for (const [what, count] of Object.entries(rows)) assert.ok(count > 30, `${count} ${what}`);
});

test.run();
