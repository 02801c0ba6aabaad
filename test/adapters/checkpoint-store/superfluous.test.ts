import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type KeptCheckpoint, superfluous } from '../../../src/adapters/checkpoint-store/file-checkpoint-store.ts';

const test = suite('superfluous checkpoints');

/** The checkpoints kept after a sequence of saves. */
function keptOf(count: number, every: number, bytes: number): readonly number[] {
  let kept: readonly KeptCheckpoint[] = [];
  for (let number = 1; number <= count; number++) {
    const all = [...kept, { position: number * every, bytes }];
    const gone = superfluous(all);
    kept = all.filter(({ position }) => !gone.includes(position));
  }
  return kept.map(({ position }) => position);
}

test('leave the older ones spread over the whole log', () => {
  for (const count of [40, 100, 1000]) {
    const kept = keptOf(count, 50_000, 1000);
    const stretches = [0, ...kept.slice(0, -1)].map((from, at) => (kept[at] ?? 0) - from);
    assert.is(kept.length, 34);
    assert.equal(kept.slice(-2), [(count - 1) * 50_000, count * 50_000]);
    assert.ok(Math.max(...stretches) <= Math.max(100_000, (count * 50_000) / 15), `${count}: ${stretches}`);
  }
});

test('are more if they are large, and never include the newest two', () => {
  const mebibyte = 1024 * 1024;
  assert.is(keptOf(30, 10, 16 * mebibyte).length, 10);
  assert.equal(keptOf(5, 10, 200 * mebibyte), [40, 50]);
});

test.run();
