import type { Clock } from '../../ports/system.ts';

const millisecond = 1_000_000n;

/**
 * Nanoseconds out of a wall clock of whole milliseconds and a steady one of nanoseconds: the steady clock, calibrated at
 * a tick of the wall clock, and never outside of the wall clock's current millisecond. Making it, and meeting a wall clock
 * that was set, waits for the next tick: a millisecond at most.
 */
export function createSteppedClock(wall: () => number = Date.now, steady: () => bigint = process.hrtime.bigint): Clock {
  let offset = offsetAtTick(wall, steady);
  return () => {
    const floor = BigInt(wall()) * millisecond;
    const reading = steady() + offset;
    const ceiling = floor + millisecond - 1n;
    if (reading >= floor && reading <= ceiling) return reading;
    if (reading < floor - millisecond || reading > ceiling + millisecond) offset = offsetAtTick(wall, steady);
    return reading < floor ? floor : ceiling;
  };
}

function offsetAtTick(wall: () => number, steady: () => bigint): bigint {
  const start = wall();
  for (;;) {
    const now = wall();
    if (now !== start) return BigInt(now) * millisecond - steady();
  }
}
