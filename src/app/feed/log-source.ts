import { setTimeout as pause } from 'node:timers/promises';
import type { EventLog } from '../../ports/event-log.ts';
import { type EventSource, logBehind } from '../../ports/event-source.ts';

type ReadableLog = Pick<EventLog, 'end' | 'read' | 'close'>;

export interface LogSourceOptions {
  /** to look again so many milliseconds after everything was read; without it the source ends there */
  readonly pollEvery?: number;
}

/**
 * The events of a log that is opened for each look at it: of any adapter, be it that another process writes it. The signal
 * tells that nobody waits any more.
 */
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
