import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { shareRuns } from '../../src/compose/console/share-runs.ts';

const test = suite('shared runs');

test('verify: calls while one runs get its result, whether good or not; the next one begins anew', async () => {
  const runs: { key: boolean; end: (value: string) => void; fail: (error: Error) => void }[] = [];
  const share = shareRuns((key: boolean) => new Promise<string>((end, fail) => void runs.push({ key, end, fail })));
  const first = [share(true), share(true), share(false)];
  assert.equal(
    runs.map(({ key }) => key),
    [true, false],
  );
  runs[0]?.end('deep');
  runs[1]?.end('flat');
  assert.equal(await Promise.all(first), ['deep', 'deep', 'flat']);
  const second = [share(true), share(true)];
  assert.is(runs.length, 3);
  runs[2]?.fail(new Error('unreadable'));
  for (const one of await Promise.allSettled(second)) assert.is(one.status, 'rejected');
  const third = share(true);
  assert.is(runs.length, 4);
  runs[3]?.end('again');
  assert.is(await third, 'again');
});

test('verify: a run that nobody waits for any more is ended, and the next call begins anew', async () => {
  const signals: AbortSignal[] = [];
  const share = shareRuns((_: boolean, signal) => {
    signals.push(signal);
    return new Promise<string>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  });
  const pages = [new AbortController(), new AbortController()];
  const first = pages.map(({ signal }) => share(true, signal));
  pages[0]?.abort();
  assert.equal([signals.length, signals[0]?.aborted], [1, false]);
  pages[1]?.abort();
  assert.is(signals[0]?.aborted, true);
  const next = share(true);
  assert.equal([signals.length, signals[1]?.aborted], [2, false]);
  for (const one of await Promise.allSettled(first)) assert.is(one.status, 'rejected');
  assert.is(await Promise.race([next, 'under way']), 'under way');
});

test.run();
