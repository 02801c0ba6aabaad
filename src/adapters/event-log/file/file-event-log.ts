import { existsSync, readdirSync, statSync, truncateSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Ballast } from '../../../ports/disk-space.ts';
import type { EventLog, Gone, LogOpening } from '../../../ports/event-log.ts';
import { type Failpoint, noFailpoints } from '../../../ports/failpoints.ts';
import { Fault, faultOf, isTransient } from '../../../ports/fault.ts';
import { makeDirectories, syncDirectory } from '../../system/files.ts';
import { createAppend, GroupCommit, stoppedFault } from '../group-commit.ts';
import { genesisHash } from './format/header.ts';
import { bodyOf } from './format/line.ts';
import type { Segment } from './format/segment.ts';
import { type LoadedLog, loadSegments } from './read/load-segments.ts';
import { readChainHash, readEncodedEvents, readEvents } from './read/read-events.ts';
import { ActiveSegment, unfinishedName } from './write/active-segment.ts';
import type { PendingAppend } from './write/pending-append.ts';
import { type Preallocate, preallocateIfSupported, withBallast } from './write/preallocation.ts';
import { type OnFlush, SegmentWriter, type WriterOptions } from './write/segment-writer.ts';
import { truncateTornTail } from './write/truncate-torn-tail.ts';

export interface FileEventLogOptions {
  /** `ROOT/log`, created if missing */
  readonly directory: string;
  /** id of the store if the log is new; an existing log keeps its own */
  readonly store: string;
  readonly preallocate: Preallocate;
  /** Makes files in a directory be written in place, before the first one exists. Returns why it can't, if so. */
  readonly writeInPlace?: (directory: string) => string | undefined;
  /** A segment of this size is followed by a new one. Default 16 MiB. */
  readonly segmentBytes?: number;
  /** Disk blocks are preallocated in steps of this size. Default 1 MiB. */
  readonly stepBytes?: number;
  /** Preallocated bytes that only `reserve` appends may use. Default 1 MiB. */
  readonly reserveBytes?: number;
  /** Released for `reserve` appends if reserved blocks are not enough for the file system to write. Default none. */
  readonly ballast?: Ballast | undefined;
  readonly failpoint?: Failpoint;
  readonly onFlush?: OnFlush;
  /** Called with problems that the log tolerates. */
  readonly warn?: (message: string) => void;
}

export interface FileLogOpening extends LogOpening {
  /** id of the store whose log it is */
  readonly store: string;
}

const mebibyte = 1024 * 1024;

/**
 * Opens a log for writing, or creates one. The caller holds the store's lock. A torn tail is kept, truncated and reported;
 * any other damage rejects with `corrupt`, naming file, byte and position. Every byte of the last segment is verified here,
 * those of older segments when they are read.
 */
export async function openFileEventLog(options: FileEventLogOptions): Promise<FileLogOpening> {
  const { directory, store, writeInPlace, ballast, preallocate, warn = () => {} } = options;
  const writing: WriterOptions = {
    ...{ directory, ballast, warn, segmentBytes: 16 * mebibyte, stepBytes: mebibyte, reserveBytes: mebibyte },
    ...{ failpoint: noFailpoints, onFlush: () => {}, ...options },
    preallocate: preallocateIfSupported(preallocate, warn),
  };
  const opened = await withBallast(ballast, async () => {
    try {
      makeDirectories(directory, 0o700);
      const copied = writeInPlace?.(directory);
      if (copied !== undefined) warn(`on a full disk the log accepts nothing, not even removals: ${copied}`);
      removeUnfinished(directory);
      const loaded = await loadSegments(directory);
      return loaded === undefined ? await create(store, writing) : await resume(loaded, writing);
    } catch (error) {
      throw faultOf(error, `log ${directory}`);
    }
  });
  await ballast?.restore();
  return opened;
}

async function create(store: string, writing: WriterOptions): Promise<FileLogOpening> {
  await syncDirectory(dirname(writing.directory));
  const active = ActiveSegment.prepare({ store, first: 1, before: genesisHash(store) }, writing);
  await active.start(noFailpoints);
  return { store, torn: null, log: createFileEventLog([active.segment], active, writing) };
}

async function resume({ store, segments, last, tail, gone }: LoadedLog, writing: WriterOptions) {
  const torn = tail === null ? null : await truncateTornTail(last, tail);
  const before = segments.slice(0, -1);
  cutPadding(before.at(-1));
  const active = hasOldFormatOnly(last) ? await replaced(last, writing) : await ActiveSegment.resume(last, writing);
  await syncDirectory(writing.directory);
  return { store, torn, log: createFileEventLog([...before, active.segment], active, writing, gone) };
}

/** A crash may have come between the start of a segment and the cut of the one before. */
function cutPadding(segment: Segment | undefined): void {
  if (segment === undefined || !existsSync(segment.path)) return;
  if (statSync(segment.path).size > segment.end.offset) truncateSync(segment.path, segment.end.offset);
}

/** A segment of an earlier release is followed by a new one at its next event; without any event that would have its name. */
const hasOldFormatOnly = ({ header, end }: Segment) => header.version === 1 && end.position < header.first;

async function replaced({ header }: Segment, writing: WriterOptions): Promise<ActiveSegment> {
  const { store, first, before } = header;
  const active = ActiveSegment.prepare({ store, first, before }, writing, { replace: true });
  await active.start(noFailpoints);
  return active;
}

/** Deletes segments that a crash left unfinished: nothing in them was ever acknowledged. */
function removeUnfinished(directory: string): void {
  for (const name of readdirSync(directory)) if (unfinishedName.test(name)) unlinkSync(join(directory, name));
}

/**
 * The log over verified segments, the last of which is open for writing. Events are chained when they are accepted;
 * everything else happens in batches after that.
 */
function createFileEventLog(segments: Segment[], active: ActiveSegment, options: WriterOptions, gone?: Gone): EventLog {
  const writer = new SegmentWriter(segments, active, options);
  let end = writer.end;
  let stopped: Fault | undefined;
  let closing: Promise<void> | undefined;

  const commit = new GroupCommit<PendingAppend>({
    store: (batch) => writer.store(batch),
    blocks: () => writer.blocks,
    together: (first, item) => first.active === item.active,
    undo: async (error) => {
      const fault = await writer.undo(error);
      if (!isTransient(fault)) stopped = fault;
      return fault;
    },
    rewind: () => {
      writer.rewind();
      end = writer.end;
    },
  });
  const append: EventLog['append'] = (envelopes, { reserve = false, flush }) => {
    if (stopped !== undefined) throw stoppedFault(stopped);
    const pending = writer.enqueue(envelopes.map(bodyOf), end, { reserve, awaited: flush === 'now' });
    end = { position: pending.end.position, chainHash: pending.end.hash };
    return commit.enqueue(pending, flush);
  };
  const close = async () => {
    stopped ??= new Fault('stopped', `log ${options.directory} is closed`, { hint: 'open it again' });
    await commit.settled().catch(() => {});
    await writer.close();
  };
  return {
    get end() {
      return end;
    },
    gone,
    append: createAppend(() => end.position, append),
    read: (after) => readEvents(segments, after),
    readEncoded: (after) => readEncodedEvents(segments, after),
    chainHashAt: (position) => readChainHash(segments, position),
    settled: () => commit.settled(),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
