import { createFailpoints } from '../../src/adapters/system/failpoints.ts';
import { type Failpoint, noFailpoints, type Step } from '../../src/ports/failpoints.ts';

/** Failpoints that are set and lifted while a store is at work. */
export interface Trap {
  readonly failpoint: Failpoint;
  /** every step that was reached while the trap was set */
  readonly reached: Set<Step>;
  /** Sets failpoints, in the words of the environment's variable. */
  arm(failpoints: string): void;
  disarm(): void;
}

export function createTrap(): Trap {
  let hinder = noFailpoints;
  const reached = new Set<Step>();
  return {
    reached,
    failpoint: (step) => {
      if (hinder !== noFailpoints) reached.add(step);
      hinder(step);
    },
    arm: (failpoints) => {
      hinder = createFailpoints(failpoints);
    },
    disarm: () => {
      hinder = noFailpoints;
    },
  };
}
