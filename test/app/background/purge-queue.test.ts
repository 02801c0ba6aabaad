import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createPurgeQueue } from '../../../src/app/background/purge-queue.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('purge queue');

const never = 1_000_000;

function recording(delays: { quiet: number; max: number }, endless: readonly number[] = []) {
  const tried: number[] = [];
  const attempt = (id: number) => {
    tried.push(id);
    return endless.includes(id) ? new Promise<void>(() => {}) : Promise.resolve();
  };
  return { tried, queue: createPurgeQueue(attempt, delays) };
}

test('tries purges in the order of their calls when removals pause', async () => {
  const { queue, tried } = recording({ quiet: 20, max: never });
  for (const id of [3, 1, 2]) queue.add(id);
  assert.equal(tried, []);
  await waitFor('the purges', () => tried.length === 3);
  assert.equal(tried, [3, 1, 2]);
});

test('tries purges after a while even if removals do not pause', async () => {
  const { queue, tried } = recording({ quiet: never, max: 20 });
  queue.add(1);
  await waitFor('the first purge', () => tried.length > 0);
  queue.add(2);
  await waitFor('the next purge', () => tried.length > 1);
});

test('tries all without delay if a caller waits for them', async () => {
  const { queue, tried } = recording({ quiet: never, max: never });
  for (let id = 1; id <= 100; id++) queue.add(id);
  await queue.tried();
  assert.is(tried.length, 100);
  queue.add(1);
  await queue.tried();
  assert.is(tried.length, 101);
});

test('tries one without delay if a caller waits for it', async () => {
  const { queue, tried } = recording({ quiet: never, max: never });
  for (const id of [1, 2, 3]) queue.add(id);
  await queue.triedOne(2);
  await queue.triedOne(4);
  assert.equal(tried, [2]);
  await queue.tried();
  assert.equal(tried, [2, 1, 3]);
});

test('tries an id once that was added twice', async () => {
  const { queue, tried } = recording({ quiet: never, max: never });
  queue.add(1);
  queue.add(1);
  await Promise.all([queue.triedOne(1), queue.tried()]);
  assert.equal(tried, [1]);
});

test('completes purges beside several that take long', async () => {
  const { queue, tried } = recording({ quiet: never, max: never }, [1, 2, 3, 4, 5]);
  for (const id of [1, 2, 3, 4, 5, 6]) queue.add(id);
  void queue.tried();
  await queue.triedOne(6);
  assert.equal(tried, [1, 2, 3, 4, 5, 6]);
});

test('delays nothing after it was closed', async () => {
  const { queue, tried } = recording({ quiet: never, max: never });
  queue.add(1);
  await queue.close();
  queue.add(2);
  assert.equal(tried, [1, 2]);
});

test.run();
