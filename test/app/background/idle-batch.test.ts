import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createIdleBatch } from '../../../src/app/background/idle-batch.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('idle batch');
const never = 1_000_000;

/** An idle batch whose runs end when the test says so. */
function gathering(delays: { quiet: number; max: number }) {
  const began: (readonly number[])[] = [];
  const releases: (() => void)[] = [];
  const batch = createIdleBatch((ids) => {
    began.push(ids);
    return new Promise((resolve) => releases.push(resolve));
  }, delays);
  return { batch, began, release: () => releases.shift()?.() };
}

/** An idle batch whose first run, for id 1, has started. */
async function atWork() {
  const one = gathering({ quiet: 5, max: never });
  one.batch.add(1);
  await waitFor('the first work', () => one.began.length === 1);
  return one;
}

test('runs once for all ids, each once, when none was added for a while', async () => {
  const { batch, began, release } = gathering({ quiet: 30, max: never });
  for (const id of [3, 1, 3, 2]) batch.add(id);
  assert.equal(began, []);
  await waitFor('the work to begin', () => began.length > 0);
  assert.equal(began, [[3, 1, 2]]);
  release();
  await batch.close();
});

test('waits no longer than the maximum after the first id', async () => {
  const { batch, began, release } = gathering({ quiet: never, max: 50 });
  batch.add(0);
  for (let id = 1; began.length === 0; id++) {
    batch.add(id);
    await pause(1);
  }
  assert.is(began[0]?.[0], 0);
  release();
  await batch.close();
});

test('runs one batch at a time, later ids wait for the next one', async () => {
  const { batch, began, release } = await atWork();
  batch.add(2);
  await pause(30);
  assert.equal(began, [[1]]);
  release();
  await waitFor('the second work', () => began.length === 2);
  assert.equal(began, [[1], [2]]);
  release();
  await batch.close();
});

test('starts no batch after its close, and lets the running one end', async () => {
  const { batch, release } = await atWork();
  let closed = false;
  const closing = batch.close().then(() => {
    closed = true;
  });
  await pause(20);
  assert.not(closed);
  release();
  await closing;
  const after = gathering({ quiet: 5, max: never });
  after.batch.add(1);
  await after.batch.close();
  await pause(30);
  assert.equal(after.began, []);
});

test.run();
