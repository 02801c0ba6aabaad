import type { ClosingLimits } from '../../src/app/close-service.ts';

/**
 * Speeds up the timers of this process by one factor: with 20, a timer of a second fires after 50 ms. `waitFor` and other pauses of `node:timers/promises` stay as they are.
 */
export function speedUpTimers(factor = 20): void {
  for (const name of ['setTimeout', 'setInterval'] as const) {
    const real = globalThis[name] as (work: () => void, delay?: number, ...args: unknown[]) => NodeJS.Timeout;
    const fast = (work: () => void, delay = 0, ...args: unknown[]) => real(work, delay / factor, ...args);
    Object.assign(globalThis, { [name]: Object.assign(fast, real) });
  }
}

/** For stores whose close must be complete on a slow machine too: two minutes each, even if timers are sped up. */
export const unhurriedClosing: ClosingLimits = { work: 2_400_000, record: 2_400_000, checkpoint: 2_400_000 };
