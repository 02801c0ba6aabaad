import { setImmediate as yieldToLoop } from 'node:timers/promises';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type IndexState, indexFleet } from '../../../src/app/fleet/index-fleet.ts';
import { Fault, type FaultCode } from '../../../src/ports/fault.ts';
import type { FleetDatabase } from '../../../src/ports/fleet-database.ts';
import type { FleetItem, FleetSource, StoreBatch, StoreHead } from '../../../src/ports/fleet-source.ts';
import { silent } from '../../../src/ports/logger.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { assertTables } from '../../support/fleet/assert-tables.ts';
import { emptyTables, type FleetTables, memoryFleetDatabase } from '../../support/fleet/memory-fleet-database.ts';
import { playStores } from '../../support/fleet/play-stores.ts';
import { storeBatches } from '../../support/fleet/store-batches.ts';
import { createRandom, type Random } from '../../torture/random.ts';

const test = suite('fleet index');
const fault = (code: FaultCode) => new Fault(code, 'the connection was lost', { hint: '' });

/** Delivers items in batches of any size, and loses its connection now and then. */
function sourceOf(items: readonly FleetItem[], random: Random, lose: () => void): FleetSource<StoreBatch> {
  return {
    where: 'memory',
    read: async function* ({ after, heads, signal }) {
      let from = Number(after?.commit ?? 0n);
      assert.equal(plain(heads), plain(headsAfter(items.slice(0, from))));
      while (!signal.aborted) {
        if (from > 0) lose();
        const to = Math.min(items.length, from + random.pick([1, 9, 80, 300]));
        const at = { commit: BigInt(to), prepare: BigInt(to) };
        yield { items: storeBatches(items.slice(from, to)), at, caughtUp: to === items.length };
        from = to;
        await yieldToLoop();
      }
    },
  };
}

function headsAfter(items: readonly FleetItem[]): ReadonlyMap<string, StoreHead> {
  const heads = new Map<string, StoreHead>();
  for (const item of items) {
    if (item.kind === 'starts') heads.delete(item.store);
    else if (item.kind !== 'stops') {
      const position = item.kind === 'event' ? item.envelope.position : Number(item.wire.position);
      heads.set(item.store, { position, chainHash: item.chainHash, stopped: false });
    }
  }
  return heads;
}

const plain = (heads: ReadonlyMap<string, StoreHead>) => [...heads].sort(([a], [b]) => (a < b ? -1 : 1));

/** Writes slowly, so that changes wait, and loses its connection before, in or after a transaction. */
function losing(database: FleetDatabase, random: Random, lose: () => void): FleetDatabase {
  return {
    ...database,
    snapshots: async (ids) => {
      lose();
      return database.snapshots(ids);
    },
    apply: async (change) => {
      lose();
      for (let turns = random.whole(0, 12); turns > 0; turns--) await yieldToLoop();
      await database.apply(change);
      lose();
    },
  };
}

interface Played {
  readonly tables: FleetTables;
  readonly states: readonly IndexState[];
}

async function index(items: readonly FleetItem[], random: Random, losses: () => void): Promise<Played> {
  const tables = emptyTables();
  const ending = new AbortController();
  const states: IndexState[] = [];
  await indexFleet({
    ...{ source: sourceOf(items, random, losses), logger: silent, once: false, rebuild: false, keepRemoved: undefined },
    ...{ signal: ending.signal, now: () => 1n, pauses: { first: 0, longest: 0 } },
    open: async () => {
      losses();
      return losing(memoryFleetDatabase(tables), random, losses);
    },
    observer: {
      state: (state) => {
        states.push(state);
        if (state === 'live') ending.abort();
      },
      opened: () => {},
      applied: () => {},
      failed: () => {},
    },
  });
  return { tables, states };
}

test('writes batches while it folds others, and repeats none, whatever connection is lost', async () => {
  let retries = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.integer({ min: 1, max: 4 }), async (seed, stores) => {
      const random = createRandom(seed);
      const { items, histories } = playStores(random, stores, random.whole(1, 400));
      const losses = random.split();
      const { tables, states } = await index(items, random, () => {
        if (losses.chance(0.08)) throw fault(losses.pick(['io', 'busy', 'stopped', 'no-space']));
      });
      assertTables(tables, histories);
      assert.is(states.at(-1), 'stopped');
      retries += states.filter((state) => state === 'retrying').length;
    }),
    { numRuns: 40, includeErrorInReport: true },
  );
  assert.ok(retries > 10, `${retries} retries`);
});

test('ends with a fault that a repetition does not change', async () => {
  for (const code of ['corrupt', 'misuse', 'unsupported'] as const) {
    const { items } = playStores(createRandom(1), 1, 5);
    const lost = () => {
      throw fault(code);
    };
    assert.is((await caughtFault(index(items, createRandom(1), lost))).code, code);
  }
});

test('old rows: readers that hold up their removal do not hold up the indexing, and nothing else is passed over', async () => {
  const { items, histories } = playStores(createRandom(2), 2, 100);
  const removing = async (code: FaultCode) => {
    const tables = emptyTables();
    let attempts = 0;
    await indexFleet({
      ...{ source: sourceOf(items, createRandom(2), () => {}), logger: silent, once: true, rebuild: false },
      ...{ keepRemoved: 1, signal: new AbortController().signal, now: () => 1n },
      open: async () => ({
        ...memoryFleetDatabase(tables),
        dropRemovedBefore: async () => {
          attempts += 1;
          throw fault(code);
        },
      }),
      observer: { state: () => {}, opened: () => {}, applied: () => {}, failed: () => {} },
    });
    return { tables, attempts };
  };
  const { tables, attempts } = await removing('busy');
  assertTables(tables, histories);
  assert.is(attempts, 1);
  assert.is((await caughtFault(removing('io'))).code, 'io');
});

test.run();
