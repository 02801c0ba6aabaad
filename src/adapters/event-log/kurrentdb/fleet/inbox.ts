import type { Fault } from '../../../../ports/fault.ts';
import type { ClusterPosition } from '../../../../ports/fleet-source.ts';
import type { AllRecorded, Subscription } from '../connect.ts';

/** What a subscription has delivered since the last call. */
export interface Received {
  readonly events: readonly AllRecorded[];
  /** the newest checkpoint, if no event is left before it */
  readonly checkpoint: ClusterPosition | undefined;
  readonly reachedEnd: boolean;
  /** why nothing follows */
  readonly fault: Fault | undefined;
}

/** Takes what a subscription delivers until the reader asks for it, and pauses the subscription meanwhile. */
export interface Inbox {
  event(event: AllRecorded): void;
  checkpoint(position: ClusterPosition): void;
  caughtUp(): void;
  failed(fault: Fault): void;
  /** Whose deliveries these are. */
  attach(subscription: Subscription): void;
  /**
   * If there is something, otherwise when it arrives, or after so many milliseconds. Waits `linger` milliseconds more for a batch to
   * fill, unless the end is reached.
   */
  next(timeout: number, linger: number): Promise<Received>;
  isEmpty(): boolean;
}

/** `limit` events are delivered at once, and up to twice as many wait, or those with so many characters of data. */
export function createInbox(limit: number, maxLength: number): Inbox {
  const events: AllRecorded[] = [];
  let length = 0;
  let checkpoint: ClusterPosition | undefined;
  let reachedEnd = false;
  let fault: Fault | undefined;
  let subscription: Subscription | undefined;
  let wake = () => {};
  /** The next report, or the end of a time. */
  const woken = (timeout: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeout);
      timer.unref();
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const filled = async (linger: number) => {
    const end = performance.now() + linger;
    for (let left = linger; left > 0 && events.length < limit && !reachedEnd && fault === undefined; ) {
      await woken(left);
      left = end - performance.now();
    }
  };
  const isIdle = () => events.length === 0 && checkpoint === undefined && !reachedEnd && fault === undefined;
  return {
    event: (event) => {
      length += JSON.stringify(event.data).length;
      if (events.push(event) >= 2 * limit || length >= maxLength) subscription?.pause();
      wake();
    },
    checkpoint: (position) => {
      checkpoint = position;
      wake();
    },
    caughtUp: () => {
      reachedEnd = true;
      wake();
    },
    failed: (why) => {
      fault ??= why;
      wake();
    },
    attach: (its) => {
      subscription = its;
    },
    next: async (timeout, linger) => {
      if (isIdle()) await woken(timeout);
      if (events.length > 0) await filled(linger);
      const taken = events.splice(0, limit);
      if (events.length > 0) return { events: taken, checkpoint: undefined, reachedEnd: false, fault: undefined };
      length = 0;
      subscription?.resume();
      const received = { events: taken, checkpoint, reachedEnd, fault };
      checkpoint = undefined;
      reachedEnd = false;
      return received;
    },
    isEmpty: () => events.length === 0,
  };
}
