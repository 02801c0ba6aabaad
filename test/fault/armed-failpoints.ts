import { createFailpoints } from '../../src/adapters/system/failpoints.ts';
import { type Failpoint, noFailpoints, type Step } from '../../src/ports/failpoints.ts';

/** Failpoints that a test arms and disarms while the store runs. */
export interface ArmedFailpoints {
  readonly failpoint: Failpoint;
  /** every step that was reached while armed */
  readonly reached: Set<Step>;
  /** Sets failpoints, in the syntax of the environment variable. */
  arm(failpoints: string): void;
  disarm(): void;
}

export function createArmedFailpoints(): ArmedFailpoints {
  let current = noFailpoints;
  const reached = new Set<Step>();
  return {
    reached,
    failpoint: (step) => {
      if (current !== noFailpoints) reached.add(step);
      current(step);
    },
    arm: (failpoints) => {
      current = createFailpoints(failpoints);
    },
    disarm: () => {
      current = noFailpoints;
    },
  };
}
