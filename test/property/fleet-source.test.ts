import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AllRecorded, Page } from '../../src/adapters/event-log/kurrentdb/connect.ts';
import { createKurrentFleetSource } from '../../src/adapters/event-log/kurrentdb/fleet/fleet-source.ts';
import { decodedItem, type RawItem } from '../../src/adapters/event-log/kurrentdb/fleet/heads.ts';
import { createFleetStores } from '../../src/adapters/event-log/kurrentdb/fleet/stores.ts';
import type { Stream } from '../../src/adapters/event-log/kurrentdb/stream.ts';
import { genesisHash, type Link, linked } from '../../src/adapters/event-log/kurrentdb/wire.ts';
import { subscribeFleet } from '../../src/app/feed/subscribe-fleet.ts';
import type { FleetItem, FleetProgress, StoreHead } from '../../src/ports/fleet-source.ts';
import { eventsOf } from '../adapters/event-log/kurrentdb/cluster.ts';
import { eventsIn, updateHeads } from '../contract/fleet-source.contract.ts';
import { startStandIn } from '../support/kurrent/stand-in.ts';
import { createStoreWriter } from '../support/kurrent/store-writer.ts';

const test = suite('a fleet source');
const names = ['a', 'b', 'c'] as const;
type Name = (typeof names)[number];

type Step =
  /** events are added to a store's stream */
  | { readonly kind: 'write'; readonly store: Name; readonly count: number }
  /** the store's stream loses its last events: what follows is another history, and the reader has to connect again */
  | { readonly kind: 'roll back'; readonly store: Name; readonly keep: number }
  /** the reader connects again, and gets so many of the last events once more */
  | { readonly kind: 'connect'; readonly repeats: number }
  /** the next events are not delivered to it */
  | { readonly kind: 'lose'; readonly count: number };

const store = fc.constantFrom(...names);
const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('write'), store, count: fc.integer({ min: 1, max: 5 }) }) },
  fc.record({ kind: fc.constant('roll back'), store, keep: fc.integer({ min: 0, max: 12 }) }),
  fc.record({ kind: fc.constant('connect'), repeats: fc.integer({ min: 0, max: 9 }) }),
  fc.record({ kind: fc.constant('lose'), count: fc.integer({ min: 1, max: 4 }) }),
);

/** Streams in memory, and a reader of all of them whose connection does what the steps say. */
function simulation() {
  const streams = new Map<string, Link[]>(names.map((name) => [name, []]));
  const written: AllRecorded[] = [];
  const heads = new Map<string, StoreHead>();
  const items: FleetItem[] = [];
  const streamOf = (name: string) =>
    ({
      where: name,
      read: async ({ from, count }: Page) =>
        (streams.get(name) ?? []).slice(from ?? 0, (from ?? 0) + count).map((link) => recorded(name, link, 0)),
    }) as Partial<Stream> as Stream;
  let stores = createFleetStores({ stream: streamOf }, heads);
  let life = 0;
  let losing = 0;
  const receive = async (event: AllRecorded) => {
    const raw: RawItem[] = [];
    const add = (item: RawItem) => void raw.push(item);
    if (!stores.take(event, add)) for await (const more of stores.examine(event)) raw.push(...more);
    const found = raw.map(decodedItem);
    for (const item of found) updateHeads(heads, item);
    items.push(...found);
  };
  const connect = async (repeats: number) => {
    stores = createFleetStores({ stream: streamOf }, heads);
    for (const event of repeats === 0 ? [] : written.slice(-repeats)) await receive(event);
  };
  const write = async (name: Name, count: number) => {
    const links = streams.get(name) ?? [];
    const before = links.at(-1)?.chainHash ?? genesisHash(name);
    for (const link of linked(eventsOf(name, count, links.length, `life${life}`), before)) {
      links.push(link);
      written.push(recorded(name, link, written.length));
      if (losing > 0) losing -= 1;
      else await receive(written.at(-1) as AllRecorded);
    }
  };
  return {
    streams,
    items,
    run: async (step: Step) => {
      if (step.kind === 'write') await write(step.store, step.count);
      else if (step.kind === 'lose') losing = step.count;
      else if (step.kind === 'connect') await connect(step.repeats);
      else {
        life += 1;
        (streams.get(step.store) ?? []).splice(step.keep);
        // A restored cluster holds nothing of what was after the backup.
        const lost = written.filter(({ streamId, revision }) => streamId.endsWith(step.store) && revision >= step.keep);
        for (const event of lost) written.splice(written.indexOf(event), 1);
        await connect(0);
      }
    },
    finish: async () => {
      losing = 0;
      await connect(0);
      for (const name of names) await write(name, 1);
    },
  };
}

function recorded(name: string, { proposal, position }: Link, at: number): AllRecorded {
  const { id, type, data, metadata } = proposal;
  return {
    streamId: `snapledger-${name}`,
    id,
    type,
    data,
    metadata,
    isJson: true,
    revision: BigInt(position - 1),
    created: new Date(0),
    position: { commit: BigInt(at), prepare: BigInt(at) },
  } as AllRecorded;
}

test('delivers each history from its beginning, in order and each event once, whatever the connection does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(arbitraryStep, { maxLength: 40 }), async (steps) => {
      const { run, finish, items, streams } = simulation();
      for (const step of steps) await run(step);
      await finish();
      for (const name of names) {
        const own = items.filter((item) => item.store === name);
        const last = own.findLastIndex(({ kind }) => kind === 'starts');
        const hashes = own.slice(last + 1).map((item) => (item.kind === 'event' ? item.chainHash : item.kind));
        assert.equal(
          hashes,
          streams.get(name)?.map(({ chainHash }) => chainHash),
        );
        let next = 0;
        for (const item of own) {
          if (item.kind === 'starts') next = item.first;
          else if (item.kind === 'event') assert.is(item.envelope.position, next++);
          else assert.unreachable(item.kind);
        }
        const rolledBack = steps.filter((step) => step.kind === 'roll back' && step.store === name).length;
        assert.ok(own.filter(({ kind }) => kind === 'starts').length <= 1 + rolledBack);
      }
    }),
    { numRuns: 300 },
  );
});

const arbitraryRun = fc.record({
  writes: fc.array(fc.record({ store: fc.integer({ min: 0, max: 3 }), count: fc.integer({ min: 1, max: 40 }) }), {
    minLength: 5,
    maxLength: 30,
  }),
  cuts: fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 3 }),
  /** after so many items the reader crashes, and continues from what it has saved */
  crashes: fc.array(fc.integer({ min: 1, max: 150 }), { maxLength: 2 }),
});

test('delivers everything once across cut connections and crashes of the reader', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryRun, async ({ writes, cuts, crashes }) => {
      const standIn = await startStandIn();
      const stores = names.map(() => createStoreWriter(standIn.streams, randomUUID()));
      const lengths = stores.map(() => 0);
      const write = ({ store: index, count }: { store: number; count: number }) => {
        const writer = stores[index];
        if (writer === undefined) {
          standIn.streams.append(
            'other',
            [{ id: randomUUID(), type: 'x', contentType: '', data: '', metadata: '' }],
            'any',
          );
          return;
        }
        writer.write(eventsOf(writer.stream.slice(11), count, lengths[index] ?? 0));
        lengths[index] = (lengths[index] ?? 0) + count;
      };
      for (const each of writes.slice(0, writes.length / 2)) write(each);
      // Items and progress are kept together, as a database does in one transaction.
      let saved: FleetProgress | undefined;
      let kept: FleetItem[] = [];
      const rest = writes.slice(writes.length / 2);
      for (const limit of [...crashes, Number.POSITIVE_INFINITY])
        await new Promise<void>((resolve, reject) => {
          const fresh = [...kept];
          standIn.faults.cutAfter = cuts.shift();
          const subscription = subscribeFleet({
            source: createKurrentFleetSource({ url: standIn.url, retry: { check: 50 } }),
            pauses: { first: 1, max: 10 },
            checkpoint: {
              load: async () => saved,
              save: async ({ at, heads }) => {
                saved = { at, heads: new Map(heads) };
                kept = [...fresh];
                // Only an event of a store leads to the next batch.
                for (let isOther = true; isOther; ) {
                  const next = rest.shift();
                  if (next !== undefined) write(next);
                  isOther = next?.store === names.length;
                }
                const total = lengths.reduce((sum, length) => sum + length, 0);
                if (rest.length > 0 || eventsIn(kept).length < total) return;
                subscription.unsubscribe();
                resolve();
              },
            },
            handle: (item) => {
              fresh.push(item);
              if (fresh.length - kept.length < limit) return;
              throw new Error('crash');
            },
          }).subscribe({ error: (error: Error) => (error.message === 'crash' ? resolve() : reject(error)) });
        });
      await standIn.close();
      for (const [index, { stream }] of stores.entries()) {
        const id = stream.slice(11);
        assert.equal(eventsIn(kept, id), eventsOf(id, lengths[index] ?? 0));
        const starts = kept.filter(({ kind, store: of }) => kind === 'starts' && of === id);
        assert.is(starts.length, lengths[index] === 0 ? 0 : 1);
      }
      assert.is(kept.filter(({ kind }) => kind === 'stops').length, 0);
    }),
    { numRuns: Number(process.env.RUNS ?? 6), endOnFailure: true },
  );
});

test.run();
