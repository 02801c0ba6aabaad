import type { LogPlace } from '../../../ports/event-log.ts';
import { foreign, ownEvent, verified } from './pages.ts';
import type { Stream } from './stream.ts';

/**
 * The stream's end. Its first event must be this store's first one, and its last one must follow from the one before:
 * whatever someone else has written, or deleted from it, shows there. Throws `corrupt`.
 */
export async function readEnd(stream: Stream, genesis: string): Promise<LogPlace> {
  const [last, before] = await stream.read({ from: null, direction: 'backwards', count: 2 });
  if (last === undefined) return { position: 0, mark: genesis };
  const [first = last] = await stream.read({ from: 0, direction: 'forwards', count: 1 });
  const beginning = Number(first.revision) + 1;
  if (beginning !== 1)
    throw foreign(stream, beginning, 'the stream begins there: it was deleted, and then written into again');
  verified(stream, first, 1, genesis);
  const position = Number(last.revision) + 1;
  const markBefore = before === undefined ? genesis : ownEvent(stream, before, position - 1).mark;
  return { position, mark: verified(stream, last, position, markBefore).mark };
}
