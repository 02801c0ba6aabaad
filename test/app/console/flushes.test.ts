import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFlushTimes, type FlushHistogram, figuresOf } from '../../../src/app/console/flushes.ts';

const test = suite('console: flush times');

const usual = { longest: 60_000, kept: 60_000 };
const limits = [0.001, 0.01, 0.1, Number.POSITIVE_INFINITY];
const histogram = (counts: readonly number[], seconds: number, pid = 1): FlushHistogram => ({
  ...{ pid, limits, counts, seconds },
});

test('flush times: quantiles are limits of buckets, beyond the last one that limit', () => {
  assert.equal(figuresOf(histogram([90, 98, 99, 100], 2)), { count: 100, mean: 0.02, p50: 0.001, p99: 0.1 });
  assert.equal(figuresOf(histogram([0, 0, 0, 5], 10)), { count: 5, mean: 2, p50: 0.1, p99: 0.1 });
  assert.equal(figuresOf(histogram([0, 0, 0, 0], 0)), { count: 0, mean: 0, p50: 0, p99: 0 });
});

test('flush times: a point is what happened between two samples; a restart or a stop of the daemon leaves a gap', async () => {
  let now: FlushHistogram | undefined = histogram([10, 10, 10, 10], 0.01);
  const { note, flushes } = createFlushTimes(async () => now, { ...usual, every: 0 });
  assert.equal(await flushes(), {
    daemon: true,
    total: { count: 10, mean: 0.001, p50: 0.001, p99: 0.001 },
    points: [],
  });
  now = histogram([10, 12, 12, 12], 0.03);
  await note();
  const { points } = await flushes();
  assert.equal(
    points.map(({ count, mean, p50 }) => [count, Math.round(mean * 1e6), p50]),
    [
      [2, 10_000, 0.01],
      [0, 0, 0],
    ],
  );
  for (const { from, to } of points) assert.ok(to >= from);
  now = histogram([1, 1, 1, 1], 0.001, 2);
  await note();
  assert.is((await flushes()).points.length, 3);
  now = undefined;
  assert.equal((await flushes()).daemon, false);
  assert.is((await flushes()).total, null);
  now = histogram([5, 5, 5, 5], 0.001, 2);
  await note();
  assert.is((await flushes()).points.length, 4);
});

test('flush times: a restarted daemon with the same pid leaves a gap', async () => {
  let now = histogram([10, 10, 10, 10], 0.01);
  const { flushes } = createFlushTimes(async () => now, { ...usual, every: 0 });
  await flushes();
  now = histogram([2, 3, 3, 3], 0.01);
  assert.equal((await flushes()).points, []);
  assert.is((await flushes()).points.length, 1);
});

test('flush times: a time in which no page was connected is no period, and old periods are left out', async () => {
  const now = histogram([1, 1, 1, 1], 0.001);
  for (const [limits, expected] of [
    [{ longest: 60_000, kept: 60_000 }, 1],
    [{ longest: 0, kept: 60_000 }, 0],
    [{ longest: 60_000, kept: 0 }, 0],
  ] as const) {
    const { note, flushes } = createFlushTimes(async () => now, { ...limits, every: 0 });
    await note();
    await pause(5);
    assert.is((await flushes()).points.length, expected);
  }
});

test('flush times: pages that ask together cause one sample, and a failed one is none', async () => {
  let samples = 0;
  const { note, flushes } = createFlushTimes(
    async () => {
      samples += 1;
      throw new Error('no answer');
    },
    { ...usual, every: 60_000 },
  );
  await Promise.all([note(), note(), flushes()]);
  assert.equal([samples, await flushes()], [1, { daemon: false, total: null, points: [] }]);
});

test.run();
