import { auditTime } from 'rxjs';
import type { Journal } from '../store/journal.ts';

/** Each time a thread reads the log again from a place somewhat back: rare enough to cost a writer nothing, often enough for whoever looks at the lag. */
const everyMilliseconds = 100;

/** Tells how far the journal is durable: now, and from then on, many events at a time. Ends with `close`. */
export function announceDurable(
  journal: Pick<Journal, 'events' | 'place'>,
  tell: (position: number) => void,
): { close(): void } {
  tell(journal.place.position);
  const listening = journal.events.pipe(auditTime(everyMilliseconds)).subscribe(() => tell(journal.place.position));
  return { close: () => listening.unsubscribe() };
}
