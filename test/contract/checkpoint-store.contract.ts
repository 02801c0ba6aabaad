import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { CheckpointStore } from '../../src/ports/checkpoint-store.ts';
import type { LogPosition } from '../../src/ports/event-log.ts';

/** A checkpoint store that a contract test works on. */
export interface CheckpointStoreSubject {
  readonly store: CheckpointStore;
  dispose(): Promise<void>;
}

export const positionAt = (position: number): LogPosition => ({ position, chainHash: `hash-${position}` });

/** Everything that a store loads; none may be damaged. */
export async function loadAll(store: CheckpointStore) {
  const all: { at: LogPosition; rows: unknown[] }[] = [];
  for await (const { at, rows } of store.load((file, why) => assert.unreachable(`${file}: ${why}`)))
    all.push({ at, rows: [...rows] });
  return all;
}

const rows = [{ row: 'store', position: 7 }, { row: 'snapshot', key: 'ü"\n\\', labels: {} }, null, [1, 'two'], 'text'];

/** The contract of every CheckpointStore. `create` returns a new empty one. */
export function checkpointStoreContract(name: string, create: () => Promise<CheckpointStoreSubject>): void {
  const test = suite<{ subject: CheckpointStoreSubject }>(`${name} as a checkpoint store`);
  test.before.each(async (context) => {
    context.subject = await create();
  });
  test.after.each(({ subject }) => subject.dispose());

  test('has none at first', async ({ subject: { store } }) => {
    assert.equal(await loadAll(store), []);
  });

  test('returns position and rows as they were saved', async ({ subject: { store } }) => {
    await store.save(positionAt(7), rows);
    assert.equal(await loadAll(store), [{ at: positionAt(7), rows }]);
  });

  test('returns rows for any number of iterations', async ({ subject: { store } }) => {
    await store.save(positionAt(7), rows);
    for await (const loaded of store.load(assert.unreachable)) {
      assert.equal([...loaded.rows], rows);
      assert.equal([...loaded.rows], rows);
    }
  });

  test('keeps the two newest and some of the older ones, newest first', async ({ subject: { store } }) => {
    for (let position = 1; position <= 100; position++) await store.save(positionAt(position), [position]);
    const kept = (await loadAll(store)).map(({ at }) => at.position);
    assert.equal(kept.slice(0, 2), [100, 99]);
    assert.is(kept.length, 34);
    assert.equal(
      kept,
      [...kept].sort((a, b) => b - a),
    );
  });

  test('returns only those up to a given position', async ({ subject: { store } }) => {
    for (const position of [3, 20, 100]) await store.save(positionAt(position), [position]);
    const upTo = async (last: number) => {
      const positions: number[] = [];
      for await (const { at } of store.load(() => {}, last)) positions.push(at.position);
      return positions;
    };
    assert.equal([await upTo(2), await upTo(20), await upTo(99)], [[], [20, 3], [20, 3]]);
  });

  test('replaces the one at the same position', async ({ subject: { store } }) => {
    await store.save(positionAt(5), ['old']);
    await store.save(positionAt(5), ['new']);
    assert.equal(await loadAll(store), [{ at: positionAt(5), rows: ['new'] }]);
  });

  test('accepts rows that can be iterated only once, and none at all', async ({ subject: { store } }) => {
    const once = function* () {
      for (let index = 0; index < 5000; index++) yield { index: String(index) };
    };
    await store.save(positionAt(1), once());
    await store.save(positionAt(2), []);
    assert.equal(await loadAll(store), [
      { at: positionAt(2), rows: [] },
      { at: positionAt(1), rows: [...once()] },
    ]);
  });

  test('keeps the stored ones if the rows of a new one fail', async ({ subject: { store } }) => {
    await store.save(positionAt(1), ['whole']);
    const failing = function* () {
      yield 'half';
      throw new Error('rows failed');
    };
    const error: unknown = await store.save(positionAt(2), failing()).catch((thrown) => thrown);
    assert.match(String(error), 'rows failed');
    assert.equal(await loadAll(store), [{ at: positionAt(1), rows: ['whole'] }]);
  });

  test.run();
}
