import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { GroupCommit } from '../../../src/adapters/event-log/group-commit.ts';

interface Batch {
  readonly items: readonly number[];
  readonly done: () => void;
  readonly fail: (error: Error) => void;
}

const test = suite('group commit');

/** A group commit whose batches the test completes. */
function byHand(together?: (first: number, item: number) => boolean, blocks = () => false) {
  const batches: Batch[] = [];
  let rewinds = 0;
  const commit = new GroupCommit<number>({
    store: (items) => new Promise((done, fail) => batches.push({ items, done, fail })),
    undo: async (error) => error as Error,
    rewind: () => {
      rewinds += 1;
    },
    blocks,
    ...(together && { together }),
  });
  return { commit, batches, rewinds: () => rewinds, items: () => batches.map(({ items }) => items) };
}

const yieldToLoop = () => new Promise((resolve) => setImmediate(resolve));

test('stores a single item at once', async () => {
  const { commit, items } = byHand();
  void commit.enqueue(1, 'now');
  await Promise.resolve();
  assert.equal(items(), [[1]]);
});

test('before it blocks the thread, waits for all that goes on in this callback', async () => {
  const { commit, items } = byHand(undefined, () => true);
  const later = async () => {
    for (let step = 0; step < 20; step++) await null;
    await commit.enqueue(2, 'now');
  };
  void commit.enqueue(1, 'now');
  void later();
  await null;
  assert.equal(items(), []);
  await yieldToLoop();
  assert.equal(items(), [[1, 2]]);
});

test('gathers items while a batch is being stored', async () => {
  const { commit, batches, items } = byHand();
  const first = commit.enqueue(1, 'now');
  await yieldToLoop();
  const rest = [commit.enqueue(2, 'now'), commit.enqueue(3, 'soon'), commit.enqueue(4, 'now')];
  await yieldToLoop();
  assert.equal(items(), [[1]]);
  batches[0]?.done();
  await first;
  await yieldToLoop();
  assert.equal(items(), [[1], [2, 3, 4]]);
  batches[1]?.done();
  await Promise.all(rest);
});

test('separates items that must not share a batch, and keeps the order', async () => {
  const { commit, batches, items } = byHand((first, item) => first % 2 === item % 2);
  const all = [1, 3, 2, 5].map((item) => commit.enqueue(item, 'now'));
  for (let index = 0; index < 3; index++) {
    await yieldToLoop();
    batches[index]?.done();
  }
  await Promise.all(all);
  assert.equal(items(), [[1, 3], [2], [5]]);
});

test('stores deferrable items without being asked', async () => {
  const { commit, batches, items } = byHand();
  const soon = commit.enqueue(1, 'soon');
  assert.equal(items(), []);
  while (batches.length === 0) await yieldToLoop();
  batches[0]?.done();
  await soon;
});

test('rejects the failed batch and all later items, then starts again', async () => {
  const { commit, batches, rewinds, items } = byHand();
  const outcomes: string[] = [];
  const watch = (item: number) =>
    commit.enqueue(item, 'now').then(
      () => outcomes.push(`${item} stored`),
      (error: Error) => outcomes.push(`${item} ${error.message}`),
    );
  const first = [watch(1)];
  await yieldToLoop();
  first.push(watch(2), watch(3));
  batches[0]?.fail(new Error('rolled back'));
  await Promise.all(first);
  assert.equal(outcomes, ['1 rolled back', '2 rolled back', '3 rolled back']);
  assert.is(rewinds(), 1);
  const again = watch(4);
  await yieldToLoop();
  batches[1]?.done();
  await again;
  assert.equal(items(), [[1], [4]]);
});

test('rejects in the same tick in which it rolls back', async () => {
  let log: string[] = [];
  const commit = new GroupCommit<number>({
    store: () => Promise.reject(new Error('full')),
    undo: async (error) => {
      await yieldToLoop();
      void commit.enqueue(2, 'now').catch(() => log.push('2 rolled back'));
      return error as Error;
    },
    rewind: () => {
      log = [...log, 'rewound'];
    },
  });
  await commit.enqueue(1, 'now').catch(() => log.push('1 rolled back'));
  await yieldToLoop();
  assert.equal(log, ['rewound', '1 rolled back', '2 rolled back']);
});

test('settles at once if nothing is pending, otherwise with the last item', async () => {
  const { commit, batches } = byHand();
  await commit.settled();
  void commit.enqueue(1, 'now');
  void commit.enqueue(2, 'soon');
  let settled = false;
  const settling = commit.settled().then(() => {
    settled = true;
  });
  await yieldToLoop();
  assert.not(settled);
  batches[0]?.done();
  await settling;
});

test.run();
