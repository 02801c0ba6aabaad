import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSteppedClock } from '../../../src/adapters/system/stepped-clock.ts';

const test = suite('createSteppedClock');

/** A world where every look at a clock takes 100 ns, and where the wall clock can be set. */
function world() {
  let passed = 0n;
  let set = 1_700_000_000_000_400_000n;
  const tick = () => {
    passed += 100n;
    return passed;
  };
  return {
    truth: () => passed + set,
    wall: () => Number((tick() + set) / 1_000_000n),
    steady: tick,
    advance: (nanoseconds: bigint) => {
      passed += nanoseconds;
    },
    step: (nanoseconds: bigint) => {
      set += nanoseconds;
    },
  };
}

const apart = (a: bigint, b: bigint) => (a > b ? a - b : b - a);

test('is true to a few looks at the clock', () => {
  const { wall, steady, truth, advance } = world();
  const now = createSteppedClock(wall, steady);
  for (let n = 0; n < 1000; n++) {
    advance(123_457n);
    const told = now();
    assert.ok(apart(told, truth()) <= 500n, `${told} for ${truth()}`);
  }
});

for (const [direction, size] of [
  ['forward', 3_600_000_000_000n],
  ['back', -3_600_000_000_000n],
  ['forward by half a millisecond', 500_000n],
] as const)
  test(`follows a wall clock that is set ${direction}`, () => {
    const { wall, steady, truth, advance, step } = world();
    const now = createSteppedClock(wall, steady);
    step(size);
    for (let n = 0; n < 100; n++) {
      advance(77_777n);
      const early = BigInt(wall()) * 1_000_000n;
      const told = now();
      assert.ok(told >= early - 2_000_000n && told <= truth(), `${told} for ${truth()}`);
    }
  });

test.run();
