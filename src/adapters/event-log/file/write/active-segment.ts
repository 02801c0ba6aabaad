import * as fs from 'node:fs';
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Failpoint } from '../../../../ports/failpoints.ts';
import { errorText, Fault, faultOf } from '../../../../ports/fault.ts';
import { formatHeader, type Header } from '../format/header.ts';
import { formatLines } from '../format/line.ts';
import { type Cursor, createSegment, type Segment } from '../format/segment.ts';
import { createPreallocation, type Preallocation, type PreallocationOptions } from './preallocation.ts';

/** The events of one append, formatted for a segment and not durable yet. */
export interface PendingAppend {
  readonly active: ActiveSegment;
  /** it may use the reserve */
  readonly reserve: boolean;
  readonly text: string;
  readonly records: number;
  /** after them */
  readonly end: Cursor;
}

export interface SegmentOptions extends PreallocationOptions {
  readonly directory: string;
  readonly failpoint: Failpoint;
  readonly warn: (message: string) => void;
}

const ownerOnly = 0o600;

/** A segment has its name only once its header is durable: one without a whole header is damaged, never unfinished. */
const unfinished = (path: string) => `${path}.new`;
export const unfinishedName = /^[0-9]{20}\.log(\.gz\.[0-9]+)?\.new$/;

/**
 * A segment that events are written into, now or soon: `prepare` or `resume`, `start`, then `enqueue` and `write`, and at its
 * end `complete`; `abort` instead of `start`. Nothing else changes its file.
 */
export class ActiveSegment {
  readonly segment: Segment;
  readonly #fd: number;
  readonly #space: Preallocation;
  readonly #options: SegmentOptions;
  /** after the last event that was enqueued, durable or not */
  #pending: Cursor;
  #started: boolean;

  private constructor(segment: Segment, fd: number, options: SegmentOptions, started: boolean) {
    this.segment = segment;
    this.#fd = fd;
    this.#space = createPreallocation(fd, options);
    this.#options = options;
    this.#pending = segment.end;
    this.#started = started;
  }

  /**
   * Creates the file of a coming segment with space for its header and the reserve; throws a Fault and leaves nothing. A file
   * that has the segment's name already is not replaced.
   */
  static prepare(values: Pick<Header, 'store' | 'first' | 'before'>, options: SegmentOptions): ActiveSegment {
    const { header } = formatHeader(values);
    const segment = createSegment(options.directory, header);
    if (existsSync(segment.path))
      throw new Fault('busy', `log segment ${segment.path}: a file has its name already`, {
        hint: 'move it out of the way: it is not part of this log',
      });
    const prepared = new ActiveSegment(segment, openFile(unfinished(segment.path), 'w'), options, false);
    try {
      prepared.#space.demand(header.bytes, false);
      return prepared;
    } catch (error) {
      prepared.abort();
      throw error;
    }
  }

  /** Continues the last segment of a log. What a killed process wrote and did not flush is made durable. */
  static async resume(segment: Segment, options: SegmentOptions): Promise<ActiveSegment> {
    const resumed = new ActiveSegment(segment, openFile(segment.path, 'r+'), options, true);
    resumed.#space.restore(segment.end.offset);
    await syncData(resumed.#fd);
    return resumed;
  }

  /** It has its name, and its header is durable. */
  get started(): boolean {
    return this.#started;
  }

  /** Whether it has events, and as many bytes. */
  hasReached(bytes: number): boolean {
    return this.#pending.offset >= bytes && this.#pending.position >= this.segment.header.first;
  }

  /**
   * Formats events after those enqueued before, and makes sure that there is space for them. Throws `no-space`; with
   * `unchecked`, a write finds out.
   */
  enqueue(bodies: readonly string[], reserve: boolean, unchecked: boolean): PendingAppend {
    const { position, offset, hash: previous } = this.#pending;
    const { text, hash } = formatLines(previous, bodies);
    const end = { position: position + bodies.length, hash, offset: offset + Buffer.byteLength(text) };
    try {
      this.#space.demand(end.offset, reserve);
    } catch (error) {
      if (!unchecked) throw error;
    }
    this.#pending = end;
    return { active: this, reserve, text, records: bodies.length, end };
  }

  /** Forgets what was enqueued and is not durable. */
  rewind(): void {
    this.#pending = this.segment.end;
  }

  /**
   * Makes a prepared segment part of the log, on stable storage. Rejects with a transient fault only while it is not yet part
   * of it: whatever can run out, the directory's descriptor included, is acquired before it gets its name.
   */
  async start(failpoint = this.#options.failpoint): Promise<void> {
    const { path, header } = this.segment;
    const what = `log segment ${unfinished(path)}`;
    const directory = openFile(dirname(path), 'r');
    try {
      try {
        failpoint('log.rotate');
        await writeAt(this.#fd, Buffer.from(formatHeader(header).text), 0);
      } catch (error) {
        throw faultOf(error, what);
      }
      await flushed(syncData(this.#fd), what);
      await rename(unfinished(path), path).catch((error) => {
        throw faultOf(error, what);
      });
      await flushed(syncFile(directory), what);
    } finally {
      closeSync(directory);
    }
    this.#started = true;
  }

  /** Makes appends durable and visible to readers. After a Fault that is not transient the segment must not be written again. */
  async write(batch: readonly PendingAppend[], bytes: Buffer): Promise<void> {
    const { segment } = this;
    const what = `log segment ${segment.path}: writing at byte ${segment.end.offset}`;
    try {
      this.#options.failpoint('log.write');
      await writeAt(this.#fd, bytes, segment.end.offset);
    } catch (error) {
      throw faultOf(error, what);
    }
    try {
      this.#options.failpoint('log.sync');
      await syncData(this.#fd);
    } catch (error) {
      throw ioFault(error, `${what}: flush`);
    }
    for (const { end } of batch) {
      segment.offsets.note(end);
      segment.end = end;
    }
  }

  /**
   * Truncates what a failed write left after the last durable event, durably, and reserves the blocks again. Truncating takes
   * a little space itself: rejects with `no-space`, and can then be called again.
   */
  async truncate(): Promise<void> {
    const { end, path } = this.segment;
    if (fstatSync(this.#fd).size === end.offset) return;
    try {
      ftruncateSync(this.#fd, end.offset);
    } catch (error) {
      throw faultOf(error, `log segment ${path}: truncating it at byte ${end.offset}`);
    }
    this.#space.restore(end.offset);
    await syncData(this.#fd);
  }

  /** Closes it after its last event and returns its unused blocks to the disk. */
  complete(): void {
    const { path, end, offsets } = this.segment;
    try {
      ftruncateSync(this.#fd, end.offset);
    } catch (error) {
      this.#options.warn(`log segment ${path} keeps unused space: ${errorText(error)}`);
    }
    this.close();
    offsets.thin();
  }

  /** Deletes a segment that was not started. Never throws: what remains is deleted when the log is opened again. */
  abort(): void {
    const path = unfinished(this.segment.path);
    try {
      this.close();
      unlinkSync(path);
    } catch (error) {
      this.#options.warn(`log segment ${path} can't be removed: ${errorText(error)}`);
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

function openFile(path: string, flags: 'r' | 'w' | 'r+'): number {
  try {
    return openSync(path, flags, ownerOnly);
  } catch (error) {
    throw faultOf(error, `log segment ${path}`);
  }
}

/** Up to this size a synchronous write is faster than waking a thread. */
const maxSyncWrite = 64 * 1024;

/** Writes all bytes at an offset of a file. Resolves when the kernel has them, which is not yet the disk. */
async function writeAt(fd: number, bytes: Buffer, position: number): Promise<void> {
  for (let start = 0; start < bytes.length; ) {
    const rest = bytes.length - start;
    if (rest <= maxSyncWrite) start += writeSync(fd, bytes, start, rest, position + start);
    else start += (await write(fd, bytes, start, rest, position + start)).bytesWritten;
  }
}

const write = promisify(fs.write);
/** Resolves when a file's bytes, and the size needed to read them, are on stable storage. */
const syncData = promisify(fs.fdatasync);
/** The same with all that the file system knows about it. */
const syncFile = promisify(fs.fsync);

const flushed = (flush: Promise<void>, what: string) =>
  flush.catch((error) => {
    throw ioFault(error, what);
  });

/** The fault for a failed flush, whatever the system's reason: the disk's content is unknown from then on. */
export function ioFault(error: unknown, what: string): Fault {
  return new Fault('io', `${what}: ${errorText(error)}`, {
    hint: 'check the kernel log (dmesg) and the disk, then restart the daemon',
    cause: error,
  });
}
