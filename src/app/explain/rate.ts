import type { Uptime } from '../../ports/system.ts';

/** What may be recorded of containerd in a minute. */
export interface Rate {
  /** Counts one more; false if the minute has had its number. */
  take(): boolean;
  /** milliseconds until the next minute begins */
  rest(): number;
}

const minute = 60_000;

export function createRate(uptime: Uptime, perMinute: number): Rate {
  let current = -1;
  let count = 0;
  return {
    take: () => {
      const now = Math.floor(uptime() / minute);
      count = now === current ? count + 1 : 1;
      current = now;
      return count <= perMinute;
    },
    rest: () => minute - (uptime() % minute),
  };
}
