import { Fault } from '../../../../ports/fault.ts';
import type { ReadableLog } from '../../../../ports/readable-log.ts';
import { chainHashOf } from '../format/segment.ts';
import { createRangesIn } from '../search/ranges-in.ts';
import { createSearch } from '../search/search-segments.ts';
import { loadSegments, type Tail } from './load-segments.ts';
import { readEncodedEvents } from './read-encoded-events.ts';
import { readChainHash, readEvents } from './read-events.ts';

/** A log that is only looked at, as it was when it was opened. */
export interface ReadableFileLog extends ReadableLog {
  /** id of the store whose log it is */
  readonly store: string;
  /** A write that was under way, or that a crash tore: it counts as not yet there. */
  readonly tail: Tail | null;
}

/**
 * Opens a log for reading alone: no lock, nothing is written, a daemon may go on appending meanwhile. Rejects with
 * `misuse` where there is no log, with `corrupt` for damage as opening for writing does. `indexes` is the directory of the
 * segments' indexes, which need not be there.
 */
export async function readLogDirectory(directory: string, indexes?: string): Promise<ReadableFileLog> {
  const loaded = await loadSegments(directory);
  if (loaded === undefined)
    throw new Fault('misuse', `${directory}: holds no log`, { hint: 'name the root of a store, with --root' });
  const { store, segments, last, tail, gone } = loaded;
  return {
    store,
    tail,
    gone,
    end: { position: last.end.position, chainHash: chainHashOf(last.end, last.header) },
    read: (after, upTo) => readEvents(segments, after, { upTo }),
    readEncoded: (after) => readEncodedEvents(segments, after),
    chainHashAt: (position) => readChainHash(segments, position),
    search: createSearch(segments, indexes),
    rangesIn: createRangesIn(segments, indexes),
    close: async () => {},
  };
}
