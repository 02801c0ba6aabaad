import { setTimeout as pause } from 'node:timers/promises';
import type { Observable, Subscriber } from 'rxjs';
import type { Envelope } from '../../../events/envelope.ts';
import type { EventOf, EventType } from '../../../events/registry.ts';
import type { EventLog } from '../../ports/event-log.ts';
import { type EventSource, logBehind, PositionGone, type ReaderCheckpoint } from '../../ports/event-source.ts';
import { delivered, type Reconnecting, reconnecting } from './reconnecting.ts';

export interface SubscribeOptions<T extends EventType = EventType> extends Reconnecting {
  readonly source: EventSource;
  /** only these types of events; default: all */
  readonly types?: readonly T[];
  /** the first position that is wanted if there is no checkpoint; default: 1 */
  readonly from?: number;
  readonly checkpoint?: ReaderCheckpoint;
  /**
   * Asynchronous work on an event: the next event waits for it, and no position is saved whose work is not done. An error ends
   * the subscription. Observers get the event afterwards.
   */
  readonly handle?: (envelope: Envelope<EventOf<T>>) => void | Promise<void>;
}

/**
 * The events of a store in order, each once, from the checkpoint's position on. Reconnects with growing pauses. A position is
 * saved when the observers have returned and `handle` has resolved, at the latest after its batch: after a crash only later
 * events are repeated. Completes when the source ends. Errors with a PositionGone if the log lacks the next event, and with a
 * Fault.
 */
export function subscribe<T extends EventType = EventType>(
  options: SubscribeOptions<T>,
): Observable<Envelope<EventOf<T>>> {
  return delivered((observer, signal) => deliver(options, observer, signal));
}

/** A reader's progress. */
interface Place {
  position: number;
  /** whether an event with this position was read from the log */
  seen: boolean;
}

async function deliver<T extends EventType>(
  options: SubscribeOptions<T>,
  observer: Subscriber<Envelope<EventOf<T>>>,
  signal: AbortSignal,
): Promise<void> {
  const { source, from = 1, checkpoint, handle, types } = options;
  const known = (await checkpoint?.load()) ?? 0;
  const place: Place = known > 0 ? { position: known, seen: true } : { position: from - 1, seen: false };
  const wanted = types === undefined ? undefined : new Set<EventType>(types);
  const read = () => source.read({ after: place.position, seen: place.seen, types: wanted, signal });
  for await (const batch of reconnecting(read, options, signal)) {
    const before = place.position;
    for (const envelope of batch) {
      if (signal.aborted) break;
      if (envelope.position <= place.position) continue;
      if (types === undefined && envelope.position !== place.position + 1)
        throw new PositionGone(place.position + 1, envelope.position);
      const chosen = envelope as Envelope<EventOf<T>>;
      await handle?.(chosen);
      observer.next(chosen);
      place.position = envelope.position;
      place.seen = true;
    }
    if (place.position > before) await checkpoint?.save(place.position);
    if (signal.aborted) return;
  }
}

type ReadableLog = Pick<EventLog, 'end' | 'read' | 'close'>;

export interface LogSourceOptions {
  /** milliseconds between the end of a read and the next one; without it the source ends with the log */
  readonly pollEvery?: number;
}

/** The events of a log of any adapter, which is opened for each read: another process may write it. The signal ends waiting. */
export function createLogSource(
  open: (signal: AbortSignal) => Promise<ReadableLog>,
  { pollEvery }: LogSourceOptions = {},
): EventSource {
  return {
    read: async function* ({ after, seen, types, signal }) {
      for (let position = after; !signal.aborted; ) {
        const log = await open(signal);
        try {
          if (seen && log.end.position < position) throw logBehind(position, log.end.position);
          for await (const batch of log.read(position)) {
            position = batch.at(-1)?.position ?? position;
            yield types === undefined ? batch : batch.filter(({ event }) => types.has(event.type));
          }
        } finally {
          await log.close();
        }
        if (pollEvery === undefined) return;
        await pause(pollEvery, undefined, { signal }).catch(() => {});
      }
    },
  };
}
