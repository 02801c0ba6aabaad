import { v5 } from 'uuid';
import type { Envelope, Meta } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import type { Clock, Uptime } from '../../ports/system.ts';

/** The id of the event at a position of a store's log: derived, so that a retry is recognisable. */
export function eventId(store: string, position: number): string {
  return v5(String(position), store);
}

/** Who acts, with the machine's uptime: for events from which it is counted how much time has passed. */
export const withUptime = (actor: Meta, uptime: Uptime): Meta => ({ ...actor, uptime: String(uptime()) });

/** Puts facts into envelopes: positions after `after`, one time, one actor; `cause` is the position that led to them. */
export function seal(
  events: readonly Event[],
  { store, after, clock, actor, cause }: { store: string; after: number; clock: Clock; actor: Meta; cause?: number },
): readonly Envelope[] {
  const time = clock();
  const because = cause === undefined ? undefined : eventId(store, cause);
  const began = because ?? eventId(store, after + 1);
  const meta: Meta = {
    ...actor,
    correlation: began,
    ...(because === undefined ? {} : { causation: because }),
  };
  return events.map((event, index) => {
    const position = after + 1 + index;
    return { position, id: eventId(store, position), time, meta, event };
  });
}
