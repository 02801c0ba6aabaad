import { randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createKurrentFleetSource } from '../../../../../src/adapters/event-log/kurrentdb/fleet/fleet-source.ts';
import type { FleetBatch, FleetItem } from '../../../../../src/ports/fleet-source.ts';
import { eventsIn, readFleet } from '../../../../contract/fleet-source.contract.ts';
import { type StandIn, startStandIn } from '../../../../support/kurrent/stand-in.ts';
import { createStoreWriter, type StoreWriter } from '../../../../support/kurrent/store-writer.ts';
import { createSandbox } from '../../../../support/sandbox.ts';
import { eventsOf } from '../cluster.ts';

const sandbox = createSandbox('fleet-bad-input');
const test = suite('a fleet source and streams that are not as they should be');
test.after(() => sandbox.close());

const retry = { answer: 20_000, outcome: 0, check: 100 };
const caughtUp = (_: unknown, batch: FleetBatch) => batch.caughtUp;

interface Fleet {
  readonly standIn: StandIn;
  readonly store: string;
  readonly writer: StoreWriter;
  /** What there is, or is new after an earlier read. */
  read(from?: Awaited<ReturnType<typeof readFleet>>): ReturnType<typeof readFleet>;
}

async function fleet(): Promise<Fleet> {
  const standIn = await startStandIn();
  sandbox.atEnd(standIn.close);
  const store = randomUUID();
  const source = createKurrentFleetSource({ url: standIn.url, retry });
  return {
    standIn,
    store,
    writer: createStoreWriter(standIn.streams, store),
    read: (from) => {
      const at = from?.batches.at(-1)?.at;
      return readFleet(source, { done: caughtUp, ...(from && at && { from: { at, heads: from.heads } }) });
    },
  };
}

/** A word for each item, its position for an event. */
const outline = (items: readonly FleetItem[]) =>
  items.map((item) => {
    if (item.kind === 'event') return item.envelope.position;
    if (item.kind === 'unknown') return `unknown ${item.wire.position}`;
    return item.kind === 'stops' ? 'stops' : `starts ${item.first}${item.replaces ? ' again' : ''}`;
  });

const positions = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, at) => first + at);
const faultIn = (items: readonly FleetItem[]) =>
  items.flatMap((item) =>
    item.kind === 'stops' ? [item.fault] : item.kind === 'starts' ? (item.replaces ?? []) : [],
  )[0];

test('unknown events: are delivered as they are, and later ones follow', async () => {
  const { read, writer, store } = await fleet();
  const events = eventsOf(store, 4);
  writer.write(events.slice(0, 2));
  writer.writeUnknown(events[2] as (typeof events)[0], 'LayerSquashed.v1');
  const first = await read();
  assert.equal(outline(first.items), ['starts 1', 1, 2, 'unknown 3']);
  writer.write(events.slice(3));
  assert.equal(outline((await read(first)).items), [4]);
});

test('foreign events: stop their store, and no other', async () => {
  const { read, writer, store, standIn } = await fleet();
  const other = createStoreWriter(standIn.streams, randomUUID());
  writer.write(eventsOf(store, 2));
  const foreign = { id: randomUUID(), type: 'Note', contentType: 'application/json', data: '', metadata: '' };
  standIn.streams.append(writer.stream, [foreign, foreign], 1);
  other.write(eventsOf(other.stream.slice(11), 2));
  const { items } = await read();
  assert.equal(outline(items), ['starts 1', 1, 2, 'stops', 'starts 1', 1, 2]);
  assert.is(faultIn(items)?.code, 'corrupt');
  assert.match(faultIn(items)?.message ?? '', /position 3: Note: it does not belong to this store/);
});

test('foreign streams: start and stop', async () => {
  const { read, standIn } = await fleet();
  const foreign = {
    id: randomUUID(),
    type: 'Note',
    contentType: 'application/octet-stream',
    data: 'AAEC',
    metadata: '',
  };
  standIn.streams.append('snapledger-notes', [foreign], 'none');
  const first = await read();
  assert.equal(outline(first.items), ['starts 1', 'stops']);
  standIn.streams.append('snapledger-notes', [{ ...foreign, id: randomUUID() }], 0);
  assert.equal(outline((await read(first)).items), []);
});

test('changed events: stop their store at their position', async () => {
  const { read, writer, store, standIn } = await fleet();
  writer.write(eventsOf(store, 5));
  standIn.streams.tamper(writer.stream, 3, (event) => ({ ...event, type: 'SnapshotRemoved.v1' }));
  const first = await read();
  assert.equal(outline(first.items), ['starts 1', 1, 2, 3, 'stops']);
  assert.match(faultIn(first.items)?.message ?? '', /position 4: SnapshotRemoved.v1: it was changed/);
  writer.write(eventsOf(store, 1, 5));
  assert.equal(outline((await read(first)).items), [], 'a stopped store stays so');
});

test('missing events: are read from the stream', async () => {
  const { read, writer, store, standIn } = await fleet();
  writer.write(eventsOf(store, 9));
  for (const revision of [3, 4, 5]) standIn.streams.lose(writer.stream, revision, 'in-all');
  const { items } = await read();
  assert.equal(outline(items), ['starts 1', ...positions(1, 9)]);
  assert.equal(eventsIn(items), eventsOf(store, 9));
});

test('missing events: stop their store if the stream lacks them too', async () => {
  const { read, writer, store, standIn } = await fleet();
  writer.write(eventsOf(store, 9));
  standIn.streams.lose(writer.stream, 4, 'everywhere');
  const { items } = await read();
  assert.equal(outline(items), ['starts 1', 1, 2, 3, 4, 'stops']);
  assert.match(faultIn(items)?.message ?? '', /position 5: position 6 is the first that is shown/);
});

test('expired events: a new store starts at the first one that is shown', async () => {
  const { read, writer, store, standIn } = await fleet();
  writer.write(eventsOf(store, 9));
  standIn.streams.setMetadata(writer.stream, { $tb: 5 });
  standIn.streams.scavenge();
  const { items } = await read();
  assert.equal(outline(items), ['starts 6', 6, 7, 8, 9]);
});

test('expired events: a known store stops if events expired before they were read', async () => {
  const { read, writer, store, standIn } = await fleet();
  writer.write(eventsOf(store, 3));
  const first = await read();
  writer.write(eventsOf(store, 6, 3));
  standIn.streams.setMetadata(writer.stream, { $tb: 7 });
  standIn.streams.scavenge();
  const { items } = await read(first);
  assert.equal(outline(items), ['stops']);
  assert.match(faultIn(items)?.message ?? '', /position 4: position 8 is the first that is shown/);
});

test('a deleted stream whose beginning is gone: starts and stops', async () => {
  const { read, writer, store, standIn } = await fleet();
  writer.write(eventsOf(store, 3));
  standIn.streams.lose(writer.stream, 0, 'in-all');
  standIn.streams.delete(writer.stream);
  const { items } = await read();
  assert.equal(outline(items), ['starts 1', 'stops']);
  assert.match(faultIn(items)?.message ?? '', 'deleted');
});

/**
 * A store of ten events was read, and its cluster restored from a backup with two of them. `again` writes the store anew. Meanwhile the
 * cluster has grown beyond the position that was read.
 */
async function restoredFleet() {
  const { read, writer, store, standIn } = await fleet();
  writer.write(eventsOf(store, 2));
  const backup = standIn.streams.log.length;
  writer.write(eventsOf(store, 8, 2));
  const first = await read();
  standIn.restore(backup);
  const bystander = createStoreWriter(standIn.streams, randomUUID());
  bystander.write(eventsOf(bystander.stream.slice(11), 30));
  return { read, first, store, again: createStoreWriter(standIn.streams, store) };
}

for (const [what, length] of [
  ['shorter than', 4],
  ['as long as', 10],
  ['longer than', 13],
] as const)
  test(`another history, ${what} the one that was read: starts again, with the whole of it`, async () => {
    const { read, first, store, again } = await restoredFleet();
    const old = eventsOf(store, 2);
    again.write(old);
    again.write([...eventsOf(store, length - 2, 2, 'other')]);
    const { items } = await read(first);
    const own = items.filter((item) => item.store === store);
    assert.equal(outline(own), ['starts 1 again', ...positions(1, length)]);
    assert.equal(eventsIn(own), [...old, ...eventsOf(store, length - 2, 2, 'other')]);
    assert.match(faultIn(own)?.message ?? '', /another history than the one that was read up to position 10/);
  });

test('the same history, written again after a restore: goes on without a repetition', async () => {
  const { read, first, store, again } = await restoredFleet();
  again.write(eventsOf(store, 2));
  again.write(eventsOf(store, 10, 2));
  const { items } = await read(first);
  assert.equal(outline(items.filter((item) => item.store === store)), [11, 12]);
});

test('a stopped store: starts again with another history', async () => {
  const { read, writer, store, standIn } = await fleet();
  writer.write(eventsOf(store, 3));
  standIn.streams.tamper(writer.stream, 2, (event) => ({ ...event, type: 'SnapshotRemoved.v1' }));
  const first = await read();
  assert.equal(outline(first.items), ['starts 1', 1, 2, 'stops']);
  standIn.restore(0);
  createStoreWriter(standIn.streams, randomUUID()).write(eventsOf(randomUUID(), 30));
  createStoreWriter(standIn.streams, store).write(eventsOf(store, 4, 0, 'new'));
  const { items } = await read(first);
  assert.equal(outline(items.filter((item) => item.store === store)), ['starts 1 again', 1, 2, 3, 4]);
});

test.run();
