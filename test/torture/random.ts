/** A seeded random source. */
export interface Random {
  /** from 0 (inclusive) to 1 (exclusive) */
  next(): number;
  /** a whole number from `least` to `most`, both included */
  whole(least: number, most: number): number;
  chance(probability: number): boolean;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** a random element; undefined if there is none */
  pickOf<T>(items: readonly T[]): T | undefined;
  /** An independent source: drawing from it does not change the values of this one. */
  split(): Random;
}

/** mulberry32: small, fast, and good enough for choices. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (least: number, most: number) => least + Math.floor(next() * (most - least + 1));
  const pickOf = <T>(items: readonly T[]) => items[whole(0, items.length - 1)];
  return {
    next,
    whole,
    chance: (probability) => next() < probability,
    pick: (items) => pickOf(items) ?? items[0],
    pickOf,
    split: () => createRandom(whole(0, 2 ** 32 - 1)),
  };
}
