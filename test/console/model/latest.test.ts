import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLatest } from '../../../src/console/page/api/latest.ts';

const test = suite("questions of the console's page");

test('latest: asks one at a time, then only for the newest that came meanwhile', async () => {
  const asked: number[] = [];
  const answers: (() => void)[] = [];
  const show = createLatest((value: number) => {
    asked.push(value);
    return new Promise<void>((resolve) => answers.push(resolve));
  });
  const answer = async () => {
    answers.shift()?.();
    await new Promise(setImmediate);
  };
  for (const value of [1, 2, 3]) show(value);
  assert.equal(asked, [1]);
  await answer();
  assert.equal(asked, [1, 3]);
  await answer();
  show(4);
  assert.equal(asked, [1, 3, 4]);
});

test.run();
