import type { Envelope } from '../../../events/envelope.ts';
import type { EventLog } from '../../ports/event-log.ts';

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
