import { readdirSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Ballast } from '../../../ports/ballast.ts';
import type { LogOpening } from '../../../ports/event-log.ts';
import { type Failpoint, noFailpoints } from '../../../ports/failpoints.ts';
import { faultOf } from '../../../ports/fault.ts';
import { makeDirectories, syncDirectory } from '../../system/files.ts';
import { createFileEventLog } from './file-event-log.ts';
import { genesisHash } from './format/header.ts';
import type { WritingOptions } from './format/writing-options.ts';
import { type LoadedLog, loadSegments } from './read/load-segments.ts';
import { continueSegment, prepareSegment, startSegment, unfinishedName } from './write/active-segment.ts';
import { cutTornTail } from './write/cut-torn-tail.ts';
import { syncData } from './write/file-calls.ts';
import { type Preallocate, preallocateIfAble } from './write/preallocate.ts';
import { withBallast } from './write/with-ballast.ts';

export interface FileEventLogOptions {
  /** `ROOT/log`, made where it is missing */
  readonly directory: string;
  /** id of the store if the log is a new one; a log that is there keeps its own */
  readonly store: string;
  readonly preallocate: Preallocate;
  /** Sees to it that files in a directory are written in place, before the first is made; what it can't do it says. */
  readonly writeInPlace?: (directory: string) => string | undefined;
  /** A segment of this size is followed by a new one. 16 MiB unless said. */
  readonly segmentBytes?: number;
  /** Disk blocks are reserved ahead of the writing in steps of this size. 1 MiB unless said. */
  readonly roomBytes?: number;
  /** Of these blocks, so much is kept for `reserved` appends. 1 MiB unless said. */
  readonly reserveBytes?: number;
  /** What is given up for `reserved` appends where blocks alone don't let the file system write. None unless said. */
  readonly ballast?: Ballast | undefined;
  readonly failpoint?: Failpoint;
  /** Told of every flush that succeeded: events, bytes and seconds, write included. */
  readonly onFlush?: (records: number, bytes: number, seconds: number) => void;
  /** Told in words of what the log can live with. */
  readonly warn?: (message: string) => void;
}

export interface FileLogOpening extends LogOpening {
  /** id of the store whose log it is */
  readonly store: string;
}

const mebibyte = 1024 * 1024;

/**
 * Opens a log for writing, or begins one. The caller holds the store's lock. A torn tail is cut off, kept and told of;
 * any other damage rejects with `corrupt`, naming file, byte and position. Every byte of the last segment is verified here,
 * of older segments when they are read.
 */
export async function openFileEventLog(options: FileEventLogOptions): Promise<FileLogOpening> {
  const writing = withDefaults(options);
  const opened = await withBallast(options.ballast, () => open(options, writing));
  await options.ballast?.keep();
  return opened;
}

async function open(options: FileEventLogOptions, writing: WritingOptions): Promise<FileLogOpening> {
  const { directory } = options;
  try {
    makeDirectories(directory, 0o700);
    const copied = options.writeInPlace?.(directory);
    if (copied !== undefined) writing.warn(`on a full disk the log takes nothing, not even removals: ${copied}`);
    removeUnfinished(directory);
    const loaded = await loadSegments(directory);
    return loaded === undefined ? await begin(options, writing) : await goOn(loaded, writing);
  } catch (error) {
    throw faultOf(error, `log ${directory}`);
  }
}

function withDefaults(options: FileEventLogOptions): WritingOptions {
  const { warn = () => {} } = options;
  return {
    directory: options.directory,
    preallocate: preallocateIfAble(options.preallocate, warn),
    segmentBytes: options.segmentBytes ?? 16 * mebibyte,
    roomBytes: options.roomBytes ?? mebibyte,
    reserveBytes: options.reserveBytes ?? mebibyte,
    ballast: options.ballast,
    failpoint: options.failpoint ?? noFailpoints,
    onFlush: options.onFlush ?? (() => {}),
    warn,
  };
}

async function begin({ directory, store }: FileEventLogOptions, writing: WritingOptions): Promise<FileLogOpening> {
  await syncDirectory(dirname(directory));
  const active = prepareSegment({ store, first: 1, before: genesisHash(store) }, writing);
  await startSegment(active, noFailpoints);
  return { store, torn: null, log: createFileEventLog([active.segment], active, writing) };
}

async function goOn(
  { store, segments, last, tail, gone }: LoadedLog,
  writing: WritingOptions,
): Promise<FileLogOpening> {
  const torn = tail === null ? null : await cutTornTail(last, tail);
  const active = continueSegment(last, writing);
  // A process that was killed may have written what it did not live to flush, and all of it counts from now on.
  await syncData(active.fd);
  await syncDirectory(writing.directory);
  return { store, torn, log: createFileEventLog([...segments], active, writing, gone) };
}

/** What a crash left of a segment that was about to begin: nothing in it was ever acknowledged. */
function removeUnfinished(directory: string): void {
  for (const name of readdirSync(directory)) if (unfinishedName.test(name)) unlinkSync(join(directory, name));
}
