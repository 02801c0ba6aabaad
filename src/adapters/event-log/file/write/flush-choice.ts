/** Decides whether the next flush blocks the calling thread, which saves two thread switches, or runs in the pool. */
export interface FlushChoice {
  /** whether a flush for one caller would block the thread */
  readonly inPlace: boolean;
  /** Takes note of a batch that was written and flushed: how many callers waited for it, how long it took. */
  flushed(callers: number, milliseconds: number): void;
}

/** A flush below this is shorter than what the event loop does in a turn under load. */
const quickMilliseconds = 1;
/** As many quick flushes in sequence show that the device is quick. */
const quickFlushes = 8;

/**
 * In place while one caller waits for another append each time, and the device answers quickly. A slow flush, or a batch for
 * several callers, returns to the pool.
 */
export function createFlushChoice(): FlushChoice {
  let quick = 0;
  let alone = false;
  return {
    get inPlace() {
      return alone && quick >= quickFlushes;
    },
    flushed: (callers, milliseconds) => {
      quick = milliseconds < quickMilliseconds ? quick + 1 : 0;
      alone = callers <= 1;
    },
  };
}
