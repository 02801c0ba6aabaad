import { auditTime, defer, type Observable, repeat, retry, Subject, share, switchMap } from 'rxjs';
import type { EventSource } from '../../ports/event-source.ts';
import { errorText } from '../../ports/fault.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import { withLog } from '../audit/state-at.ts';
import { subscribe } from '../feed/subscribe.ts';
import type { EventColumns } from './events/event-columns.ts';
import { eventsAt } from './events/events-page.ts';
import type { Break } from './kept-log.ts';
import type { LiveMessage } from './rows.ts';

/** Whether a daemon serves the store. */
export interface DaemonState {
  readonly daemon: 'running' | 'stopped';
  /** why it does not serve, empty if it does */
  readonly reason: string;
}

export interface LiveContext {
  readonly files: Pick<StoreFiles, 'openLog'>;
  readonly columns: () => Promise<EventColumns>;
  /** new events: of a running daemon, or of the files */
  readonly source: EventSource;
  readonly daemon: () => Promise<DaemonState>;
  /** milliseconds; default: 250 between two messages of events, 5 s between two of the state */
  readonly pace?: { readonly events: number; readonly state: number };
}

/** What happens in a store, for pages that look at it. Nothing is kept for a page but the position that it has. */
export interface Live {
  /** Messages from a position on, the end of the log without one. Ends after the signal. */
  messages(after: number | undefined, signal: AbortSignal): AsyncIterable<LiveMessage>;
  /** The same at once, for pages that can't stream. */
  poll(after: number | undefined): Promise<readonly LiveMessage[]>;
  /** To be called if the log is not the one any more that was read. */
  broken(change: Break): void;
}

/** Events that a message contains at most; of more it has only the numbers. */
const maxEvents = 200;
const usual = { events: 250, state: 5_000 };

export function createLive({ files, columns, source, daemon, pace = usual }: LiveContext): Live {
  const breaks = new Subject<Break>();
  const news = newsOf(files, source, pace.events);

  const end = () => withLog(files, async (log) => log.end.position);
  const storeNow = () => withLog(files, async (log) => log.store ?? '');
  const stateMessage = async (position: number): Promise<LiveMessage> => {
    const state = { kind: 'state', position } as const;
    const now = await daemon().catch((error) => ({ daemon: 'stopped', reason: errorText(error) }) as const);
    try {
      return { ...state, ...now, store: await storeNow() };
    } catch (error) {
      return { ...state, ...now, store: '', reason: errorText(error) };
    }
  };
  const eventsAfter = (after: number): Promise<LiveMessage | undefined> =>
    withLog(files, async (log) => {
      const to = log.end.position;
      if (to <= after) return undefined;
      const from = after + 1;
      const newest = Array.from({ length: Math.min(maxEvents, to - after) }, (_, at) => to - at).reverse();
      const counts = countsBetween(await columns(), from, to);
      return {
        kind: 'events',
        from,
        to,
        counts,
        events: await eventsAt(log, newest),
        omitted: to - after - newest.length,
      };
    });

  async function* messages(after: number | undefined, signal: AbortSignal): AsyncGenerator<LiveMessage> {
    const waiter = createWaiter(signal);
    const broken: Break[] = [];
    const subscriptions = [
      breaks.subscribe((change) => {
        broken.push(change);
        waiter.wake();
      }),
      news.subscribe(waiter.wake),
    ];
    try {
      const last = await tolerant<number | undefined>(end, undefined);
      let position = after ?? last ?? 0;
      if (last !== undefined && last < position) {
        yield { kind: 'gone', position, first: last + 1 };
        position = last;
      }
      let stated = Number.NEGATIVE_INFINITY;
      while (!signal.aborted) {
        for (const change of broken.splice(0)) {
          yield change;
          position = await tolerant(end, 0);
        }
        if (performance.now() - stated >= pace.state) {
          stated = performance.now();
          yield await stateMessage(position);
        }
        const events = await tolerant(() => eventsAfter(position), undefined);
        if (events?.kind === 'events') {
          position = events.to;
          yield events;
        }
        await waiter.wait(stated + pace.state - performance.now());
      }
    } finally {
      for (const subscription of subscriptions) subscription.unsubscribe();
    }
  }
  return {
    messages,
    poll: async (after) => {
      const position = after ?? (await end());
      const now = await end();
      if (now < position) return [{ kind: 'gone', position, first: now + 1 }];
      const events = await eventsAfter(position);
      return [await stateMessage(Math.max(now, position)), ...(events === undefined ? [] : [events])];
    },
    broken: (change) => breaks.next(change),
  };
}

/** A log that can't be read now is reported by the pages' own questions. */
async function tolerant<T>(ask: () => Promise<T>, otherwise: T): Promise<T> {
  try {
    return await ask();
  } catch {
    return otherwise;
  }
}

function countsBetween({ chunks, types }: EventColumns, from: number, to: number): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const chunk of [...chunks].reverse()) {
    if (chunk.first > to) continue;
    if (chunk.first + chunk.count <= from) break;
    for (let at = Math.max(0, from - chunk.first); at < Math.min(chunk.count, to - chunk.first + 1); at++) {
      const type = types.texts[chunk.types[at] ?? 0] ?? '';
      counts[type] = (counts[type] ?? 0) + 1;
    }
  }
  return counts;
}

/** Emits, at most once in some milliseconds, when there are new events. Subscribed to the source while anybody listens. */
function newsOf(files: LiveContext['files'], source: EventSource, every: number): Observable<unknown> {
  return defer(() => withLog(files, async (log) => log.end.position)).pipe(
    switchMap((position) => subscribe({ source, from: position + 1, pauses: { first: every, max: 1_000 } })),
    // A log that can't be read now, or is another one, is read again from its end.
    retry({ delay: 1_000 }),
    repeat({ delay: 1_000 }),
    auditTime(every),
    share(),
  );
}

/** Waits until it is woken, or for a time. A call of `wake` between two waits ends the next one at once. */
function createWaiter(signal: AbortSignal) {
  let woken = false;
  let end = () => {};
  const wake = () => {
    woken = true;
    end();
  };
  signal.addEventListener('abort', wake, { once: true });
  return {
    wake,
    wait: async (milliseconds: number) => {
      if (!woken && milliseconds > 0)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds);
          end = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      woken = false;
    },
  };
}
