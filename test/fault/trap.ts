import { createFailpoints } from '../../src/adapters/system/failpoints.ts';
import { type Reach, type Step, unhindered } from '../../src/ports/failpoints.ts';

/** Failpoints that are set and lifted while a store is at work. */
export interface Trap {
  readonly reach: Reach;
  /** every step that was reached while the trap was set */
  readonly reached: Set<Step>;
  /** Sets failpoints, in the words of the environment's variable. */
  arm(failpoints: string): void;
  disarm(): void;
}

export function createTrap(): Trap {
  let hinder = unhindered;
  const reached = new Set<Step>();
  return {
    reached,
    reach: (step) => {
      if (hinder !== unhindered) reached.add(step);
      hinder(step);
    },
    arm: (failpoints) => {
      hinder = createFailpoints(failpoints);
    },
    disarm: () => {
      hinder = unhindered;
    },
  };
}
