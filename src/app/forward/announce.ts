import { auditTime } from 'rxjs';
import type { Journal } from '../journal.ts';

/** Long enough to cost a writer nothing, short enough for whoever looks at the lag. */
const everyMilliseconds = 20;

/** Tells how far the journal is durable: now, and from then on, many events at a time. Ends with `close`. */
export function announceDurable(
  journal: Pick<Journal, 'events' | 'place'>,
  tell: (position: number) => void,
): { close(): void } {
  tell(journal.place.position);
  const listening = journal.events.pipe(auditTime(everyMilliseconds)).subscribe(() => tell(journal.place.position));
  return { close: () => listening.unsubscribe() };
}
