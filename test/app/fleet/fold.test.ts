import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { foldBatch } from '../../../src/app/fleet/fold/batch.ts';
import type { FleetStore } from '../../../src/ports/fleet-database.ts';
import { assertTables } from '../../support/fleet/assert-tables.ts';
import { emptyTables, memoryFleetDatabase } from '../../support/fleet/memory-fleet-database.ts';
import { playStores } from '../../support/fleet/play-stores.ts';
import { storeBatches } from '../../support/fleet/store-batches.ts';
import { enveloped, prepared, removed } from '../../support/sample-events.ts';
import { createRandom } from '../../torture/random.ts';

const test = suite('fleet fold');

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
      const { items, histories } = playStores(random, stores, length);
      const tables = emptyTables();
      const database = memoryFleetDatabase(tables);
      for (let from = 0; from < items.length; ) {
        const to = from + random.pick([1, 7, 60, 400]);
        const known = new Map(
          (await database.progress()).stores.map((store): [string, FleetStore] => [store.store, store]),
        );
        const batch = {
          items: storeBatches(items.slice(from, to), random.pick([1, 100, 1000])),
          at: { commit: BigInt(to), prepare: BigInt(to) },
        };
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

test('sizes that no disk has: do not end the indexing', async () => {
  const measured = (id: number): Event => ({
    type: 'UsageMeasured',
    data: { id, bytes: Number.MAX_SAFE_INTEGER, inodes: 1 },
  });
  const log = enveloped([prepared(1, 'ns/1/a'), prepared(2, 'ns/2/b'), ...[1, 2].map(measured), removed(1, 'ns/1/a')]);
  const tables = emptyTables();
  const rows = memoryFleetDatabase(tables);
  const store = 'a store';
  for (const [index, envelope] of log.entries()) {
    const at = { commit: BigInt(index), prepare: BigInt(index) };
    const event = { kind: 'event', store, at, envelope, chainHash: '', recorded: 0 } as const;
    const begins = index > 0 ? [] : [{ kind: 'starts', store, at, first: 1, replaces: undefined } as const];
    const batch = { at, items: storeBatches([...begins, event]) };
    await rows.apply(await foldBatch(batch, { stores: tables.stores, rows, now: () => 1n }));
  }
  assert.is(tables.stores.get(store)?.head.position, 5);
  for (const { bytes, bytesAdded } of tables.usage.values())
    assert.equal([bytes, bytesAdded], [0, Number.MAX_SAFE_INTEGER]);
});

test.run();
