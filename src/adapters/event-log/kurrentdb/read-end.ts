import type { LogPosition } from '../../../ports/event-log.ts';
import { ownEvent, verified } from './read-stream.ts';
import type { Stream } from './stream.ts';
import { deletedStream, expiredEvents, readSettings, type StreamSettings } from './stream-settings.ts';

/** What there is of a stream. */
export interface StreamEnds {
  readonly end: LogPosition;
  /** position of the first event that is shown, 1 unless events have expired */
  readonly first: number;
  readonly settings: StreamSettings;
}

/**
 * Both ends of the stream. Where its first event is shown, it must be this store's first one; its last one must follow from the
 * one before: whatever someone else has written, or deleted from it, shows there. Throws `corrupt`, also for a stream that
 * was deleted or of which nothing is left.
 */
export async function readEnds(stream: Stream, genesis: string): Promise<StreamEnds> {
  const settings = await readSettings(stream);
  if (settings.deleted) throw deletedStream(stream);
  const [last, before] = await stream.read({ from: null, direction: 'backwards', count: 2 });
  if (last === undefined) {
    if (settings.emptying) throw expiredEvents(stream, settings, 'no event of it is shown');
    return { end: { position: 0, chainHash: genesis }, first: 1, settings };
  }
  const [beginning = last] = await stream.read({ from: 0, direction: 'forwards', count: 1 });
  const first = Number(beginning.revision) + 1;
  if (first === 1) verified(stream, beginning, 1, genesis);
  const position = Number(last.revision) + 1;
  const { chainHash } =
    position === 1
      ? verified(stream, last, 1, genesis)
      : before === undefined
        ? ownEvent(stream, last, position)
        : verified(stream, last, position, ownEvent(stream, before, position - 1).chainHash);
  return { end: { position, chainHash }, first, settings };
}
