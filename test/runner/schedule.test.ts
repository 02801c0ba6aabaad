import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runAll } from './schedule.ts';

const narrow = { name: 'narrow', width: 1 };
const wide = { name: 'wide', width: 9 };
const job = (name: string, of: typeof narrow) => ({ name, suite: of });

const test = suite('runner: schedule');

test('width: a suite never runs more files at once, and others fill the lanes', async () => {
  const running = new Map<string, number>();
  let most = 0;
  const order: string[] = [];
  const jobs = [job('a', narrow), job('b', narrow), job('c', narrow), job('d', wide), job('e', wide)];
  await runAll(jobs, 3, async ({ name, suite: { name: of, width } }) => {
    order.push(name);
    running.set(of, (running.get(of) ?? 0) + 1);
    assert.ok((running.get(of) ?? 0) <= width);
    most = Math.max(most, (running.get('narrow') ?? 0) + (running.get('wide') ?? 0));
    await yieldToLoop();
    running.set(of, (running.get(of) ?? 0) - 1);
  });
  assert.is(most, 3);
  assert.equal(order.slice(0, 3), ['a', 'd', 'e']);
  assert.equal([...order].sort(), ['a', 'b', 'c', 'd', 'e']);
});

test('failure: rejects with it and starts no other job', async () => {
  const begun: string[] = [];
  const run = async ({ name }: { name: string }) => {
    begun.push(name);
    await yieldToLoop();
    throw new Error(`no ${name}`);
  };
  const error = await runAll([job('a', narrow), job('b', narrow)], 2, run).catch((error: Error) => error);
  assert.match(String(error), 'no a');
  assert.equal(begun, ['a']);
});

test.run();
