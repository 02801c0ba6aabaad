import type { LogPosition } from '../../../ports/event-log.ts';
import { type Beginning, readOne } from './read-stream.ts';
import type { Stream } from './stream.ts';

/** The chain hash at a position up to `end`; undefined for any other, and for one whose event has expired. */
export async function chainHashAt(
  stream: Stream,
  position: number,
  { genesis, first, end }: Beginning & { readonly end: LogPosition },
): Promise<string | undefined> {
  if (position === 0) return genesis;
  if (position >= end.position) return position === end.position ? end.chainHash : undefined;
  return position < first ? undefined : (await readOne(stream, position))?.chainHash;
}
