import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyState } from '../../../projections/state.ts';
import { createPipelines, type ErrorPolicy } from '../../../src/app/background/pipeline.ts';
import { createJournal } from '../../../src/app/store/journal.ts';
import { deferred } from '../../support/deferred.ts';
import { createMemoryEventLog } from '../../support/memory-event-log.ts';
import { prepared } from '../../support/sample-events.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('pipeline');
const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
const quick: ErrorPolicy = { retries: 2, firstPause: 5, maxPause: 20, atLast: 'skip' };

function opened() {
  const said: { message: string; pipeline: unknown; position: unknown }[] = [];
  const error = (fields: object, message: string) =>
    void said.push({ message, ...(fields as { pipeline: unknown; position: unknown }) });
  const failures: string[] = [];
  const journal = createJournal({
    log: createMemoryEventLog({ store }),
    store,
    clock: () => 1n,
    state: emptyState(),
  });
  const logger = { info: () => {}, warn: () => {}, error };
  const pipelines = createPipelines({ journal, logger, onFailure: (name) => void failures.push(name) });
  let id = 0;
  const record = async (count = 1) => {
    const events = Array.from({ length: count }, () => prepared(++id, `k${id}`));
    await journal.record(events, { actor: {} });
    journal.deliver();
  };
  return { journal, pipelines, record, said, failures };
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

test('delivers every event from a position on once and in order, recorded and live', async () => {
  const { pipelines, record } = opened();
  await record(5);
  const seen: number[] = [];
  const pipeline = pipelines.start({
    name: 'all',
    after: 2,
    handle: (events) => void seen.push(...events.map(({ position }) => position)),
  });
  await record(3);
  await waitFor('the past', () => seen.length >= 6);
  await record(2);
  assert.equal(seen, upTo(10).slice(2));
  assert.equal([pipeline.position, pipeline.state, pipeline.lastError], [10, 'running', undefined]);
  pipeline.close();
  await record(1);
  assert.is(seen.length, 8);
  assert.equal(pipelines.list(), []);
});

test('starts with live events by default', async () => {
  const { pipelines, record } = opened();
  await record(5);
  const seen: number[] = [];
  pipelines.start({ name: 'new', handle: ([first]) => void seen.push(first?.position ?? 0) });
  await record();
  assert.equal(seen, [6]);
});

test('a failure stops neither the store nor other pipelines, and is retried', async () => {
  const { pipelines, record, said, failures, journal } = opened();
  const seen: number[] = [];
  const done: number[] = [];
  pipelines.start({ name: 'sound', handle: (events) => void seen.push(...events.map(({ position }) => position)) });
  const broken = pipelines.start({
    name: 'broken',
    policy: { ...quick, retries: 5 },
    handle: (events) => {
      if (failures.length < 2) throw new Error('no way');
      done.push(...events.map(({ position }) => position));
    },
  });
  await record(3);
  assert.equal([broken.state, broken.position, broken.lastError], ['pausing', 0, 'no way']);
  await record(2);
  await waitFor('the broken one', () => done.length === 5);
  assert.equal(done, upTo(5));
  assert.equal(seen, upTo(5));
  assert.is(journal.durable.position, 5);
  assert.equal(failures, ['broken', 'broken']);
  assert.equal(said[0], { ...said[0], message: 'pipeline failed: it will try again', pipeline: 'broken', position: 1 });
  assert.equal([broken.state, broken.lastError], ['running', undefined]);
});

test('skips only the event that keeps failing, if its policy says so', async () => {
  const { pipelines, record, said } = opened();
  await record(10);
  const done = new Set<number>();
  const pipeline = pipelines.start({
    name: 'picky',
    after: 0,
    policy: quick,
    handle: async (events) => {
      if (events.some(({ position }) => position === 4)) throw new Error('poison');
      for (const { position } of events) done.add(position);
    },
  });
  await waitFor('the end', () => pipeline.position === 10);
  assert.equal(
    [...done].sort((a, b) => a - b),
    upTo(10).filter((position) => position !== 4),
  );
  assert.is(said.filter(({ message }) => message === 'pipeline failed: it goes on without this event').length, 1);
});

test('stops and logs the position, if its policy says so', async () => {
  const { pipelines, record, said } = opened();
  const pipeline = pipelines.start({
    name: 'strict',
    policy: { ...quick, retries: 1, atLast: 'stop' },
    handle: async () => Promise.reject(new Error('never')),
  });
  await record(2);
  await waitFor('its end', () => pipeline.state === 'stopped');
  assert.equal(said.at(-1), { ...said.at(-1), message: 'pipeline stopped', pipeline: 'strict', position: 1 });
  await record(2);
  assert.is(pipeline.position, 0);
  assert.equal(
    pipelines.list().map(({ name }) => name),
    ['strict'],
  );
});

test('a slow one blocks nothing, gets the buffered events, and reads the rest from the log', async () => {
  const { pipelines, record, journal } = opened();
  const seen: number[] = [];
  let calls = 0;
  const { promise: held, resolve: goOn } = deferred();
  const pipeline = pipelines.start({
    name: 'slow',
    handle: async (events) => {
      calls += 1;
      if (calls === 1) await held;
      seen.push(...events.map(({ position }) => position));
    },
  });
  for (let batch = 0; batch < 60; batch++) await record(100);
  assert.is(journal.durable.position, 6000);
  assert.is(seen.length, 0);
  goOn();
  await waitFor('the slow one', () => pipeline.position === 6000);
  assert.equal(seen, upTo(6000));
  assert.ok(calls < 100, `${calls} calls`);
});

test('does no work after its close, even while it catches up', async () => {
  const { pipelines, record } = opened();
  await record(3000);
  let calls = 0;
  const pipeline = pipelines.start({
    name: 'closed',
    after: 0,
    handle: async () => {
      calls += 1;
      pipeline.close();
    },
  });
  await waitFor('a call', () => calls > 0);
  await pause(50);
  assert.is(calls, 1);
});

test.run();
