import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Session } from '../../../../src/adapters/fleet-database/postgres/connection/session.ts';
import { createSessions } from '../../../../src/adapters/fleet-database/postgres/questions/ask.ts';

const test = suite('sessions of questions');

/** Sessions whose statements end when the test says so. */
function holding() {
  const running: { readonly text: string; end(): void; fail(): void }[] = [];
  const opened = { count: 0, most: 0, closed: 0 };
  const open = async (): Promise<Session> => {
    opened.count += 1;
    return {
      rows: (text: string) =>
        new Promise((resolve, reject) => {
          running.push({ text, end: () => resolve([[text]]), fail: () => reject(new Error('lost')) });
          opened.most = Math.max(opened.most, running.length);
        }),
      close: async () => {
        opened.closed += 1;
      },
    } as unknown as Session;
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const next = async (how: 'end' | 'fail' = 'end') => {
    await settle();
    const one = running.shift();
    one?.[how]();
    await settle();
    return one?.text;
  };
  return { ...createSessions(open, 2), running, opened, next, settle };
}

test('sessions: statements wait for one of two, and are answered in the order of the calls', async () => {
  const { ask, next, opened, running } = holding();
  const answers = ['a', 'b', 'c', 'd'].map((text) => ask(text));
  assert.is(await next(), 'a');
  // Called while the place of `a` goes to `c`: it has to wait behind `d`.
  const late = ask('e');
  for (const text of ['b', 'c', 'd', 'e']) assert.is(await next(), text);
  assert.equal((await Promise.all([...answers, late])).flat(2), ['a', 'b', 'c', 'd', 'e']);
  assert.equal([opened.most, opened.count, running.length], [2, 2, 0]);
});

test('sessions: a statement that fails gives its place to the next one', async () => {
  const { ask, next, opened } = holding();
  const failed = ask('a').catch((error: Error) => error.message);
  const others = ['b', 'c', 'd'].map((text) => ask(text));
  assert.is(await next('fail'), 'a');
  for (const text of ['b', 'c', 'd']) assert.is(await next(), text);
  assert.is(await failed, 'lost');
  assert.equal((await Promise.all(others)).flat(2), ['b', 'c', 'd']);
  assert.is(opened.most, 2);
});

test('sessions: one that is busy at the close is closed when its statement has ended', async () => {
  const { ask, close, next, opened } = holding();
  const failed = ask('a').catch(() => 'failed');
  const answered = ask('b');
  assert.is(await next('fail'), 'a');
  assert.is(await failed, 'failed');
  await close();
  assert.is(opened.closed, 1);
  assert.is(await next(), 'b');
  assert.equal(await answered, [['b']]);
  assert.is(opened.closed, 2);
});

test.run();
