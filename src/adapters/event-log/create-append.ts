import type { Envelope } from '../../../events/envelope.ts';
import type { EventLog } from '../../ports/event-log.ts';
import { Fault } from '../../ports/fault.ts';

/**
 * What every adapter's `append` has in common: it never throws, an append without events is done at once, and positions must
 * follow the log's `end` without a gap. `accept` throws if the log refuses the events.
 */
export function createAppend(end: () => number, accept: EventLog['append']): EventLog['append'] {
  return (envelopes, options) => {
    try {
      checkPositions(envelopes, end());
      return envelopes.length === 0 ? Promise.resolve() : accept(envelopes, options);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

function checkPositions(envelopes: readonly Envelope[], after: number): void {
  envelopes.forEach(({ position }, index) => {
    const expected = after + 1 + index;
    if (position !== expected) throw new TypeError(`append: expected position ${expected}, found ${position}`);
  });
}

/** Why a stopped log refuses an append. */
export const stoppedFault = (cause: Fault): Fault =>
  new Fault('stopped', `the log accepts no more events: ${cause.message}`, { hint: 'restart the daemon', cause });
