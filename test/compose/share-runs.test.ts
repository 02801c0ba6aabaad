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

test.run();
