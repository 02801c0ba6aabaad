import { randomUUID } from 'node:crypto';
import type { Worker } from 'node:worker_threads';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeEnvelope } from '../../events/envelope.ts';
import { decodedItem } from '../../src/adapters/event-log/kurrentdb/fleet/heads.ts';
import { createLines, linesByStore, textOf } from '../../src/compose/threads/fleet-lines.ts';
import { createFleetSourceThread } from '../../src/compose/threads/fleet-source-thread.ts';
import { itemsFrom, lineOf } from '../../src/compose/threads/fleet-text.ts';
import { Fault } from '../../src/ports/fault.ts';
import type { FleetItem, FleetSource, StoreBatch } from '../../src/ports/fleet-source.ts';
import { fleetSubjectOn } from '../adapters/event-log/kurrentdb/fleet/subject.ts';
import { fleetSourceContract } from '../contract/fleet-source.contract.ts';
import { freePort } from '../support/free-port.ts';
import { loopbackUrl } from '../support/kurrent/loopback-url.ts';
import { startStandIn } from '../support/kurrent/stand-in.ts';
import { enveloped, oneOfEach } from '../support/sample-events.ts';
import { createSandbox } from '../support/sandbox.ts';

const sandbox = createSandbox('fleet-thread');
const itemByItem = ({ where, read }: FleetSource<StoreBatch>): FleetSource => ({
  where,
  read: async function* (request) {
    for await (const { items: stores, ...batch } of read(request)) {
      for (const { items, count } of stores) assert.is(items().length, count);
      yield { ...batch, items: stores.flatMap(({ items }) => items()) };
    }
  },
});

const test = suite('the fleet source on a thread');
test.after(() => sandbox.close());

fleetSourceContract(test, async () => {
  const standIn = await startStandIn();
  sandbox.atEnd(standIn.close);
  return { ...fleetSubjectOn(standIn.url), source: itemByItem(createFleetSourceThread(standIn.url)) };
});

test('fleet thread: items cross as they are, every event among them', () => {
  const fault = new Fault('corrupt', 'what', { hint: 'do this' });
  const place = { store: randomUUID(), at: { commit: 2n ** 63n, prepare: 7n } };
  const large = 'ä'.repeat(3_000_000);
  const later = { position: '9', id: 'x', time: '1', type: 'Later.v1', meta: { a: 'b' }, data: { new: [1, large] } };
  const stored = [...enveloped(oneOfEach).map(encodeEnvelope), later].map((wire) => {
    const of = { position: Number(wire.position), id: 'c', chainHash: 'ab', wire, body: JSON.stringify(wire) };
    return { kind: 'stored', ...place, stored: of, recorded: 1_790_000_000_000 } as const;
  });
  const others = [
    { kind: 'starts', ...place, first: 1, replaces: undefined },
    { kind: 'starts', ...place, first: 3, replaces: fault },
    { kind: 'stops', ...place, fault },
  ] as const;
  const read = { ...place, chainHash: 'ab', recorded: 1_790_000_000_000 };
  const items: readonly FleetItem[] = [
    ...enveloped(oneOfEach).map((envelope) => ({ kind: 'event', ...read, envelope }) as const),
    { kind: 'unknown', ...read, wire: later },
    ...others,
  ];
  const placed = createLines();
  const other = { kind: 'stops', store: randomUUID(), at: place.at, fault } as const;
  const { bytes, stores } = linesByStore(
    [other, ...stored, other, ...others].map((item) => placed(item.store, lineOf(item))),
  );
  const [two, all] = stores.map((range) => itemsFrom(range.store, textOf(bytes, range)));
  assert.equal(two, [other, other]);
  assert.equal(all, items);
  assert.equal(
    stores.map(({ count }) => count),
    [2, items.length],
  );
  assert.equal([...stored, ...others].map(decodedItem), items);
});

test('fleet thread: a cluster that is not there is a fault that may pass, a wrong string one that does not', async () => {
  const { read } = createFleetSourceThread(loopbackUrl(await freePort()));
  const { signal } = new AbortController();
  const error = await read({ after: undefined, heads: new Map(), signal })
    [Symbol.asyncIterator]()
    .next()
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  assert.ok(error instanceof Fault && error.code === 'io', String(error));
  assert.ok(error.hint.length > 0);
  assert.throws(
    () => createFleetSourceThread('kurrentdb://'),
    (reason: unknown) => reason instanceof Fault && reason.code === 'misuse',
  );
});

test('fleet thread: an abort ends it while it waits', async () => {
  const standIn = await startStandIn();
  sandbox.atEnd(standIn.close);
  const ending = new AbortController();
  const request = { after: undefined, heads: new Map(), signal: ending.signal };
  for await (const { caughtUp } of createFleetSourceThread(standIn.url).read(request))
    if (caughtUp) setTimeout(() => ending.abort(), 10);
});

/** What a read rejects with whose thread meets with something. */
async function readThat(meet: (thread: Worker) => void): Promise<unknown> {
  const standIn = await startStandIn();
  sandbox.atEnd(standIn.close);
  process.once('worker', (thread) => thread.once('online', () => meet(thread)));
  const request = { after: undefined, heads: new Map(), signal: new AbortController().signal };
  try {
    for await (const _ of createFleetSourceThread(standIn.url).read(request));
  } catch (error) {
    return error;
  }
}

for (const [what, meet] of [
  ['ends', (thread: Worker) => void thread.terminate()],
  ['fails', (thread: Worker) => void thread.emit('error', new Error('out of memory'))],
] as const)
  test(`fleet thread: one that ${what} is a fault that may pass`, async () => {
    const error = await readThat(meet);
    assert.ok(error instanceof Fault && error.code === 'io', String(error));
    assert.match(error.message, what === 'ends' ? 'exit status' : 'out of memory');
  });

test.run();
