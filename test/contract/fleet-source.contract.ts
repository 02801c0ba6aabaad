import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../events/envelope.ts';
import type { FleetBatch, FleetItem, FleetSource, StoreHead } from '../../src/ports/fleet-source.ts';
import { eventsOf } from '../adapters/event-log/kurrentdb/cluster.ts';

/** A cluster to write to; other stores may be in it. */
export interface FleetSourceSubject {
  readonly source: FleetSource;
  /** Appends events to a store's log. */
  write(store: string, events: readonly Envelope[]): Promise<void>;
  /** Appends events to a stream of another program. */
  writeOther(count: number): Promise<void>;
}

interface Read {
  readonly items: readonly FleetItem[];
  readonly batches: readonly FleetBatch[];
  readonly heads: ReadonlyMap<string, StoreHead>;
}

/** Reads until `done`, of these stores only; `onBatch` runs before the next batch is asked for. */
export async function readFleet(
  source: FleetSource,
  {
    stores,
    done,
    from,
    onBatch = async () => {},
  }: {
    readonly stores?: readonly string[];
    readonly done: (items: readonly FleetItem[], batch: FleetBatch) => boolean;
    readonly from?: { readonly at: FleetBatch['at']; readonly heads: ReadonlyMap<string, StoreHead> };
    readonly onBatch?: (items: readonly FleetItem[], batch: FleetBatch) => Promise<void>;
  },
): Promise<Read> {
  const aborted = new AbortController();
  const items: FleetItem[] = [];
  const batches: FleetBatch[] = [];
  const heads = new Map(from?.heads);
  const request = { after: from?.at, heads: new Map(heads), signal: aborted.signal };
  for await (const batch of source.read(request)) {
    batches.push(batch);
    for (const item of batch.items) updateHeads(heads, item);
    items.push(...batch.items.filter(({ store }) => stores === undefined || stores.includes(store)));
    await onBatch(items, batch);
    if (done(items, batch)) aborted.abort();
  }
  return { items, batches, heads };
}

/** As an indexer keeps them. */
export function updateHeads(heads: Map<string, StoreHead>, item: FleetItem): void {
  const { store } = item;
  const old = heads.get(store) ?? { position: 0, chainHash: '', stopped: false };
  if (item.kind === 'starts') heads.set(store, { position: item.first - 1, chainHash: '', stopped: false });
  else if (item.kind === 'stops') heads.set(store, { ...old, stopped: true });
  else {
    const position = item.kind === 'event' ? item.envelope.position : Number(item.wire.position);
    heads.set(store, { position, chainHash: item.chainHash, stopped: false });
  }
}

export const eventsIn = (items: readonly FleetItem[], store?: string): Envelope[] =>
  items.flatMap((item) => (item.kind === 'event' && (store ?? item.store) === item.store ? [item.envelope] : []));

type Test = (name: string, run: () => Promise<void>) => void;

/** What every source of a fleet does. */
export function fleetSourceContract(test: Test, subject: () => Promise<FleetSourceSubject>): void {
  test('fleet source: delivers each store in order, from its beginning, and then what is added', async () => {
    const { source, write } = await subject();
    const stores = [randomUUID(), randomUUID()];
    const [one = '', other = ''] = stores;
    for (let after = 0; after < 60; after += 20)
      for (const store of stores) await write(store, eventsOf(store, 20, after));
    const fresh = randomUUID();
    let added = false;
    const { items } = await readFleet(source, {
      stores: [...stores, fresh],
      done: (all) => eventsIn(all).length === 125,
      onBatch: async (_, { caughtUp }) => {
        if (!caughtUp || added) return;
        added = true;
        await write(one, eventsOf(one, 3, 60));
        await write(fresh, eventsOf(fresh, 2));
      },
    });
    assert.equal(eventsIn(items, one), eventsOf(one, 63));
    assert.equal(eventsIn(items, other), eventsOf(other, 60));
    assert.equal(eventsIn(items, fresh), eventsOf(fresh, 2));
    const starts = items.filter(({ kind }) => kind === 'starts');
    assert.equal(new Set(starts.map(({ store }) => store)), new Set([...stores, fresh]));
    assert.is(starts.length, 3, 'each store starts once');
    for (const item of starts) assert.equal(item.kind === 'starts' && [item.first, item.replaces], [1, undefined]);
  });

  test('fleet source: reports the time at which the cluster stored an event in whole seconds', async () => {
    const { source, write } = await subject();
    const store = randomUUID();
    await write(store, eventsOf(store, 1));
    const { items } = await readFleet(source, { stores: [store], done: (all) => eventsIn(all).length === 1 });
    const [item] = items.filter(({ kind }) => kind === 'event');
    const recorded = item?.kind === 'event' ? item.recorded : 0;
    assert.is(recorded % 1000, 0);
    assert.ok(Math.abs(recorded - Date.now()) < 600_000, `${recorded}`);
  });

  test('fleet source: continues after a position, without a gap and without a repetition', async () => {
    const { source, write } = await subject();
    const store = randomUUID();
    await write(store, eventsOf(store, 10));
    const first = await readFleet(source, { stores: [store], done: (all) => eventsIn(all).length === 10 });
    await write(store, eventsOf(store, 7, 10));
    const at = first.batches.at(-1)?.at;
    assert.ok(at);
    const { items } = await readFleet(source, {
      stores: [store],
      done: (_, { caughtUp }) => caughtUp,
      from: { at, heads: first.heads },
    });
    assert.equal(eventsIn(items), eventsOf(store, 17).slice(10));
    assert.is(items.length, 7, 'no other items');
  });

  test('fleet source: moves its position on if only other streams are written', async () => {
    const { source, write, writeOther } = await subject();
    const store = randomUUID();
    await write(store, eventsOf(store, 1));
    let before: FleetBatch['at'] | undefined;
    const { batches, heads } = await readFleet(source, {
      done: (_, { at }) => before !== undefined && at.commit > before.commit,
      onBatch: async (_, { caughtUp, at }) => {
        if (!caughtUp || before !== undefined) return;
        before = at;
        await writeOther(8_000);
      },
    });
    const at = batches.at(-1)?.at;
    assert.ok(at);
    await write(store, eventsOf(store, 1, 1));
    const { items } = await readFleet(source, {
      stores: [store],
      done: (_, { caughtUp }) => caughtUp,
      from: { at, heads },
    });
    assert.equal(eventsIn(items), eventsOf(store, 2).slice(1));
  });

  test('fleet source: an empty or a full range ends with a batch that is caught up', async () => {
    const { source, write } = await subject();
    const store = randomUUID();
    await write(store, eventsOf(store, 1));
    const first = await readFleet(source, { done: (_, { caughtUp }) => caughtUp });
    const at = first.batches.at(-1)?.at;
    assert.ok(at);
    const { items } = await readFleet(source, {
      stores: [store],
      done: (_, { caughtUp }) => caughtUp,
      from: { at, heads: first.heads },
    });
    assert.equal(items, []);
  });

  test('fleet source: ends when its signal is aborted', async () => {
    const { source } = await subject();
    const aborted = new AbortController();
    aborted.abort();
    for await (const _ of source.read({ after: undefined, heads: new Map(), signal: aborted.signal }))
      assert.unreachable('nothing is read');
  });
}
