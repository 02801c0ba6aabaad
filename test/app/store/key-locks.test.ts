import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createKeyLocks } from '../../../src/app/store/key-locks.ts';
import { deferred } from '../../support/deferred.ts';

const test = suite('key locks');

/** An operation that notes its start and end, and ends when the test says so. */
function operation(name: string, notes: string[]) {
  const { promise: ended, resolve: end } = deferred();
  const run = async () => {
    notes.push(`${name} begins`);
    await ended;
    notes.push(`${name} ends`);
    return name;
  };
  return { run, end };
}

test('operations on one key run one after the other, in order', async () => {
  const locks = createKeyLocks();
  const notes: string[] = [];
  const [first, second] = [operation('first', notes), operation('second', notes)];
  const all = [locks.run(['k'], first.run), locks.run(['k'], second.run)];
  second.end();
  await yieldToLoop();
  assert.equal(notes, ['first begins']);
  first.end();
  assert.equal(await Promise.all(all), ['first', 'second']);
  assert.equal(notes, ['first begins', 'first ends', 'second begins', 'second ends']);
});

test('operations on other keys do not wait', async () => {
  const locks = createKeyLocks();
  const notes: string[] = [];
  const slow = operation('slow', notes);
  const waiting = locks.run(['a'], slow.run);
  assert.is(await locks.run(['b'], async () => 'quick'), 'quick');
  slow.end();
  await waiting;
});

test('two operations that lock the same two keys in opposite order both end', async () => {
  const locks = createKeyLocks();
  const answers = await Promise.all([
    locks.run(['a', 'b'], async () => 1),
    locks.run(['b', 'a'], async () => 2),
    locks.run(['a'], async () => 3),
  ]);
  assert.equal(answers, [1, 2, 3]);
});

test('an operation that fails lets the next one run', async () => {
  const locks = createKeyLocks();
  const failing = locks.run(['k'], async () => {
    throw new Error('no');
  });
  const next = locks.run(['k'], async () => 'yes');
  await failing.then(
    () => assert.unreachable(),
    (error) => assert.is(error.message, 'no'),
  );
  assert.is(await next, 'yes');
});

test('idle waits for what holds the key now', async () => {
  const locks = createKeyLocks();
  const notes: string[] = [];
  const slow = operation('slow', notes);
  const running = locks.run(['k'], slow.run);
  let idle = false;
  const waiting = Promise.resolve(locks.idle('k')).then(() => {
    idle = true;
  });
  await yieldToLoop();
  assert.not(idle);
  slow.end();
  await Promise.all([running, waiting]);
  assert.ok(idle);
  assert.is(locks.idle('k'), undefined);
});

test('an exclusive operation waits for all before it and blocks all after it', async () => {
  const locks = createKeyLocks();
  const notes: string[] = [];
  const [before, exclusive, after] = [
    operation('before', notes),
    operation('exclusive', notes),
    operation('after', notes),
  ];
  const all = [locks.run(['a'], before.run), locks.exclusive(exclusive.run), locks.run(['b'], after.run)];
  await yieldToLoop();
  assert.equal(notes, ['before begins']);
  for (const { end } of [before, exclusive, after]) end();
  await Promise.all(all);
  assert.equal(notes, [
    'before begins',
    'before ends',
    'exclusive begins',
    'exclusive ends',
    'after begins',
    'after ends',
  ]);
});

test.run();
