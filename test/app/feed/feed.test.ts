import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyState } from '../../../projections/state.ts';
import { createPipelines } from '../../../src/app/background/pipeline.ts';
import { createFeed, idle, type Wanted } from '../../../src/app/feed/feed.ts';
import { createJournal } from '../../../src/app/store/journal.ts';
import type { EventLog } from '../../../src/ports/event-log.ts';
import { PositionGone } from '../../../src/ports/event-source.ts';
import { silent } from '../../../src/ports/logger.ts';
import { createMemoryEventLog } from '../../support/memory-event-log.ts';
import { prepared } from '../../support/sample-events.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('feed');
const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
const keyOf = (id: number) => `${id}`.padEnd(500_000, 'x');

/** A feed over a log that may lack positions, as after a repair, which counts its reads. */
function opened(lacking: (position: number) => boolean = () => false) {
  const log = createMemoryEventLog({ store });
  const journal = createJournal({ log, store, clock: () => 1n, state: emptyState() });
  let reads = 0;
  const read: EventLog['read'] = async function* (after) {
    reads += 1;
    for await (const batch of log.read(after)) {
      const there = batch.filter(({ position }) => !lacking(position));
      if (there.length > 0) yield there;
    }
  };
  const seen = { ...journal, log: { read }, events: journal.events };
  Object.defineProperty(seen, 'durable', { get: () => journal.durable });
  const pipelines = createPipelines({ journal: seen, logger: silent });
  const feed = createFeed({ journal: seen, pipelines });
  let id = 0;
  const record = (count: number, key = (number: number) => `k${number}`) =>
    journal.record(
      Array.from({ length: count }, () => prepared(++id, key(id))),
      { actor: {} },
    );
  return { feed, pipelines, record, reads: () => reads };
}

/** Reads batch after batch; returns their first and last positions. */
function reader(feed: ReturnType<typeof opened>['feed'], wanted: Wanted) {
  const gone = new AbortController();
  const reading = feed.read(wanted, gone.signal)[Symbol.asyncIterator]();
  const next = async (): Promise<readonly number[] | undefined> => {
    const { value, done } = await reading.next();
    if (done === true) return undefined;
    return value === idle ? next() : [value.first, value.last];
  };
  return { next, end: () => gone.abort() };
}

test('has no pipeline without a follower', async () => {
  const { feed, pipelines, record } = opened();
  await record(3);
  assert.equal(pipelines.list(), []);
  const following = reader(feed, { from: 4, follow: true });
  const first = following.next();
  await waitFor('the pipeline', () => pipelines.list().length === 1);
  assert.equal([pipelines.list()[0]?.name, feed.subscribers.size], ['tail', 1]);
  await record(2);
  assert.equal(await first, [4, 5]);
  const last = following.next();
  following.end();
  assert.is(await last, undefined);
  assert.equal([pipelines.list(), feed.subscribers.size], [[], 0]);
});

test('fast readers read only from the tail buffer', async () => {
  const { feed, record, reads } = opened();
  const { next, end } = reader(feed, { from: 1, follow: true });
  for (let round = 0; round < 20; round++) {
    const batch = next();
    await new Promise((resolve) => setImmediate(resolve));
    await record(1);
    assert.equal(await batch, [round + 1, round + 1]);
  }
  assert.is(reads(), 0);
  end();
});

test('slow readers continue from the log without gap or repeat', async () => {
  const { feed, record, reads } = opened();
  const slow = reader(feed, { from: 1, follow: true });
  const quick = reader(feed, { from: 1, follow: true });
  const firsts = Promise.all([slow.next(), quick.next()]);
  await new Promise((resolve) => setImmediate(resolve));
  await record(1);
  assert.equal(await firsts, [
    [1, 1],
    [1, 1],
  ]);
  let quickly = 1;
  for (let round = 0; round < 20; round++) {
    await record(1, keyOf);
    while (quickly < round + 2) quickly = (await quick.next())?.[1] ?? 0;
  }
  assert.is(reads(), 0);
  let position = 1;
  while (position < 21) {
    const [first, last] = (await slow.next()) ?? [];
    assert.is(first, position + 1);
    position = last ?? 0;
  }
  assert.ok(reads() >= 1);
  slow.end();
  quick.end();
});

test('ends with the events durable at the call, unless it follows', async () => {
  const { feed, record } = opened();
  await record(5);
  const { next } = reader(feed, { from: 2, follow: false });
  assert.equal(await next(), [2, 5]);
  await record(5);
  assert.is(await next(), undefined);
  assert.is(await reader(feed, { from: 11, follow: false }).next(), undefined);
});

test('stops at a missing position, and skips it only for readers that start after it', async () => {
  const { feed, record } = opened((position) => position === 3 || position === 4);
  await record(6);
  for (const follow of [true, false]) {
    const { next } = reader(feed, { from: 1, follow });
    assert.equal(await next(), [1, 2]);
    const error = await next().catch((thrown: unknown) => thrown);
    assert.instance(error, PositionGone);
    assert.equal(
      [(error as PositionGone).message, (error as PositionGone).first],
      ['position 3 is gone: the first one after it is 5', 5],
    );
  }
  assert.equal(await Promise.all([1, 3, 4, 5, 9].map(feed.firstFrom)), [1, 5, 5, 5, 9]);
  const since = reader(feed, { from: 5, since: 1, follow: false });
  assert.equal(
    [await since.next(), await since.next()],
    [
      [1, 2],
      [5, 6],
    ],
  );
});

test.run();
