import type { LogPlace } from '../../../ports/event-log.ts';
import { readOne } from './pages.ts';
import type { Stream } from './stream.ts';

/** The mark at a position up to `end`; undefined for any other. */
export async function markAt(
  stream: Stream,
  position: number,
  { genesis, end }: { readonly genesis: string; readonly end: LogPlace },
): Promise<string | undefined> {
  if (position === 0) return genesis;
  if (position >= end.position) return position === end.position ? end.mark : undefined;
  return (await readOne(stream, position))?.mark;
}
