import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import type { EventLog } from '../../../../ports/event-log.ts';
import { Fault, faultCode } from '../../../../ports/fault.ts';
import type { ReadableLog } from '../../../../ports/readable-log.ts';
import { archivePath } from '../archive/archive-file.ts';
import { damageFault, throwDamage } from '../format/damage.ts';
import { chainHashOf, type Segment, segmentName, segmentNames } from '../format/segment.ts';
import { createRangesIn, createSearch, timedBlocks } from '../search/search-log.ts';
import { lastCursor } from '../verify/check-seams.ts';
import { walkSegment } from '../verify/verify-lines.ts';
import { attached, type LoadedLog, loadLog, segmentIn, type Tail } from './load-segments.ts';
import { minThreadBytes, readChainHash, readEncodedEvents, readEvents } from './read-events.ts';
import { readHeader, withSegment } from './segment-file.ts';

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
 * which may be missing. Of a log that was opened before (`known`) only what was written since is read.
 */
export async function readLogDirectory(
  directory: string,
  indexes?: string,
  known?: ReadableLog,
): Promise<ReadableFileLog> {
  const grown = await grownFrom(directory, known);
  if (grown !== undefined) return readable(grown, indexes);
  return readable(await loadLog(directory), indexes);
}

type Loaded = Pick<LoadedLog, 'store' | 'segments' | 'tail' | 'gone'>;

/** What the logs that were opened consist of. */
const opened = new WeakMap<ReadableLog, Loaded>();

function readable(loaded: Loaded, indexes: string | undefined): ReadableFileLog {
  const { store, segments, tail, gone } = loaded;
  const last = segments.at(-1) as Segment;
  const log: ReadableFileLog = {
    store,
    tail,
    gone,
    end: { position: last.end.position, chainHash: chainHashOf(last.end, last.header) },
    read: (after, upTo) => readEvents(segments, after, { upTo }),
    readEncoded: (after) => readEncodedEvents(segments, after, { threadFrom: minThreadBytes }),
    chainHashAt: (position) => readChainHash(segments, position),
    search: createSearch(segments, indexes),
    rangesIn: createRangesIn(segments, indexes),
    timedBlocks: () => timedBlocks(segments, indexes),
    close: async () => {},
  };
  opened.set(log, loaded);
  return log;
}

/**
 * The log as it is now, from what was known of it; undefined if it is not known, or not the same any more: rolled back, repaired,
 * replaced, or its beginning was moved away.
 */
async function grownFrom(directory: string, known: ReadableLog | undefined): Promise<Loaded | undefined> {
  const before = known && opened.get(known);
  const last = before?.segments.at(-1);
  if (before === undefined || last === undefined) return undefined;
  try {
    const [oldest] = segmentNames(directory);
    if (oldest !== basename(before.segments[0]?.path ?? '') || !(await holds(last))) return undefined;
    // The known log stays as it was opened.
    const segments = [...before.segments.slice(0, -1), { ...last }];
    await extend(directory, segments);
    return { ...before, segments, tail: null };
  } catch {
    // Opening it anew reports what is wrong.
    return undefined;
  }
}

/** Whether a segment still holds everything up to its known end. */
function holds({ path, header, end }: Segment): Promise<boolean> {
  return withSegment(path, async (file) => {
    const now = await readHeader(file, path);
    if (either.isLeft(now) || now.right.store !== header.store || now.right.hash !== header.hash) return false;
    return (await lastCursor(file, header, end.offset))?.hash === end.hash;
  });
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
    // Complete segments may have been archived meanwhile.
    if (!existsSync(path) && !existsSync(archivePath(path))) return;
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
