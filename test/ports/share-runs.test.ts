import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { shareRuns } from '../../src/ports/promises.ts';

const test = suite('shareRuns');

/** Runs that end when the test says so. */
function controlled() {
  const runs: { key: string; end: () => void; fail: (error: Error) => void }[] = [];
  const shared = shareRuns((key) => new Promise((end, fail) => runs.push({ key, end, fail })));
  return { runs, shared };
}

const messageOf = (call: Promise<void>) =>
  call.then(
    () => 'no error',
    (error: Error) => error.message,
  );

const yieldToLoop = () => new Promise((resolve) => setImmediate(resolve));

test('starts a run at once if none is running', () => {
  const { runs, shared } = controlled();
  void shared('a');
  void shared('b');
  assert.equal(
    runs.map(({ key }) => key),
    ['a', 'b'],
  );
});

test('lets all calls during a run share the next one', async () => {
  const { runs, shared } = controlled();
  const first = shared('a');
  const later = [shared('a'), shared('a'), shared('a')];
  assert.is(runs.length, 1);
  runs[0]?.end();
  await first;
  await yieldToLoop();
  assert.is(runs.length, 2);
  let done = 0;
  for (const call of later) call.then(() => done++);
  await yieldToLoop();
  assert.is(done, 0);
  runs[1]?.end();
  await Promise.all(later);
  assert.is(runs.length, 2);
});

test('starts the next run after a failed one, and fails with its own error', async () => {
  const { runs, shared } = controlled();
  const first = shared('a');
  const second = shared('a');
  runs[0]?.fail(new Error('first'));
  assert.is(await messageOf(first), 'first');
  await yieldToLoop();
  runs[1]?.end();
  await second;
  const third = shared('a');
  runs[2]?.fail(new Error('third'));
  assert.is(await messageOf(third), 'third');
});

test.run();
