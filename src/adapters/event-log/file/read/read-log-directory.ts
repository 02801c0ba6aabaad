import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EventLog } from '../../../../ports/event-log.ts';
import { Fault, faultCode } from '../../../../ports/fault.ts';
import type { ReadableLog } from '../../../../ports/readable-log.ts';
import { damageFault, throwDamage } from '../format/damage.ts';
import { chainHashOf, type Segment, segmentName } from '../format/segment.ts';
import { createRangesIn, createSearch } from '../search/search-log.ts';
import { walkSegment } from '../verify/verify-lines.ts';
import { attached, loadLog, segmentIn, type Tail } from './load-segments.ts';
import { readChainHash, readEncodedEvents, readEvents } from './read-events.ts';
import { withSegment } from './segment-file.ts';

/** A log opened for reading, as it was at that moment. */
interface ReadableFileLog extends ReadableLog {
  /** id of the store whose log it is */
  readonly store: string;
  /** a write in progress, or a torn one: not part of the log */
  readonly tail: Tail | null;
}

/**
 * Opens a log for reading: takes no lock, writes nothing, and a daemon may continue to append. Rejects with `misuse` if there
 * is no log, with `corrupt` for damage as opening for writing does. `indexes` is the directory of the segments' indexes,
 * which may be missing.
 */
export async function readLogDirectory(directory: string, indexes?: string): Promise<ReadableFileLog> {
  const { store, segments, last, tail, gone } = await loadLog(directory);
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

/**
 * Follows a log that another process writes: each read returns the whole events in its files at that time. Some of them may
 * not be durable yet, and may be rolled back: the reader must learn from the writer which ones are durable. Throws a Fault
 * (`stale`) while the files belong to another store.
 */
export function followLog(directory: string, store: string): Pick<EventLog, 'read'> {
  let segments: Segment[] | undefined;
  const loaded = async () => {
    segments ??= [...(await loadOwn(directory, store))];
    await extend(directory, segments);
    return segments;
  };
  return {
    async *read(after) {
      // After a rollback the known cursors are wrong. The chain shows it, and the log is loaded again.
      const now = await loaded().catch((error) => {
        if (segments === undefined || faultCode(error) !== 'corrupt') throw error;
        segments = undefined;
        return loaded();
      });
      try {
        yield* readEvents(now, after);
      } catch (error) {
        segments = undefined;
        throw error;
      }
    },
  };
}

async function loadOwn(directory: string, store: string): Promise<readonly Segment[]> {
  const log = await loadLog(directory);
  if (log.store === store) return log.segments;
  throw new Fault('stale', `${directory}: is the log of store ${log.store}, not of ${store}`, {
    hint: 'restore the root that belongs to this store',
  });
}

/** Adds what was written since: the rest of the last segment, and the segments after it. */
async function extend(directory: string, segments: Segment[]): Promise<void> {
  for (let last = segments.at(-1); last !== undefined; ) {
    await readRest(last);
    const name = segmentName(last.end.position + 1);
    const path = join(directory, name);
    if (!existsSync(path)) return;
    const next = await withSegment(path, (file) => segmentIn(file, directory, name));
    throwDamage(attached(last, next, { moves: [] }));
    segments.push(next);
    last = next;
  }
}

/** An incomplete last line is still being written, and is skipped. */
async function readRest(segment: Segment): Promise<void> {
  const { path, offsets, end: from } = segment;
  await withSegment(path, async (file) => {
    const { size } = await file.stat();
    for await (const { end, damage } of walkSegment(file, path, { from, to: () => size, note: offsets.note })) {
      segment.end = end;
      if (damage?.broken === false) throw damageFault(damage);
    }
  });
}
