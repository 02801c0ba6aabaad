import { closeSync, existsSync, fstatSync, ftruncateSync, unlinkSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Failpoint } from '../../../../ports/failpoints.ts';
import { errorText, Fault, faultOf } from '../../../../ports/fault.ts';
import { formatHeader, type Header } from '../format/header.ts';
import { chainLines } from '../format/line.ts';
import { type Cursor, createSegment, type Segment } from '../format/segment.ts';
import { flushed, hasOnlyZeros, ioFault, openFile, syncData, syncDataInPlace, syncFile, writeAt } from './file-io.ts';
import type { Demand, PendingAppend } from './pending-append.ts';
import { createPreallocation, hasPlenty, type Preallocation, type PreallocationOptions } from './preallocation.ts';
import { createZeroedRoom, type ZeroedRoom } from './zeroed-room.ts';

export interface SegmentOptions extends PreallocationOptions {
  readonly directory: string;
  readonly failpoint: Failpoint;
  readonly warn: (message: string) => void;
}

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
  readonly #room: ZeroedRoom;
  readonly #options: SegmentOptions;
  /** after the last event that was enqueued, durable or not */
  #pending: Cursor;
  #started: boolean;

  /** Up to here a batch may be in the file after the last durable event. */
  #dirtyTo = 0;

  private constructor(segment: Segment, fd: number, options: SegmentOptions, started: boolean) {
    this.segment = segment;
    this.#fd = fd;
    this.#space = createPreallocation(fd, options);
    this.#room = createZeroedRoom(started ? segment.path : unfinished(segment.path), fstatSync(fd).size);
    this.#options = options;
    this.#pending = segment.end;
    this.#started = started;
  }

  /**
   * Creates the file of a coming segment with space for its header and the reserve; throws a Fault and leaves nothing. A file
   * that has the segment's name already is not replaced, unless `replace` is set.
   */
  static prepare(
    values: Pick<Header, 'store' | 'first' | 'before'>,
    options: SegmentOptions,
    { replace = false } = {},
  ): ActiveSegment {
    const { header } = formatHeader(values);
    const segment = createSegment(options.directory, header);
    if (!replace && existsSync(segment.path))
      throw new Fault('busy', `log segment ${segment.path}: a file has its name already`, {
        hint: 'move it out of the way: it is not part of this log',
      });
    const prepared = new ActiveSegment(segment, openFile(unfinished(segment.path), 'w+'), options, false);
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

  /** Whether it has events, and as many bytes or the format of an earlier release. */
  hasReached(bytes: number): boolean {
    const { version, first } = this.segment.header;
    return (this.#pending.offset >= bytes || version === 1) && this.#pending.position >= first;
  }

  /**
   * Chains events after those enqueued before, and makes sure that there is space for them. Throws `no-space`; with
   * `unchecked`, a write finds out.
   */
  enqueue(bodies: readonly string[], demand: Demand, unchecked: boolean): PendingAppend {
    const { position, offset, hash: previous } = this.#pending;
    const lines = chainLines(previous, bodies);
    const bytes = lines.reduce((sum, line) => sum + line.bytes, 0);
    const end = { position: position + lines.length, hash: lines.at(-1)?.hash ?? previous, offset: offset + bytes };
    try {
      this.#space.demand(end.offset, demand.reserve);
    } catch (error) {
      if (!unchecked) throw error;
    }
    this.#pending = end;
    return { ...demand, active: this, lines, end };
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
        await this.#room.demand(header.bytes);
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

  /** Whether a batch can be written without extending the zeroed room. */
  hasRoom(bytes: number): boolean {
    return this.#room.has(this.segment.end.offset + bytes);
  }

  /**
   * Makes a batch durable and visible to readers, on the calling thread if `inPlace` is set. After a Fault that is not transient
   * the segment must not be written again.
   */
  async write(end: Cursor, bytes: Buffer, inPlace: boolean): Promise<void> {
    const { segment } = this;
    const what = `log segment ${segment.path}: writing at byte ${segment.end.offset}`;
    try {
      await this.#room.demand(end.offset);
      this.#options.failpoint('log.write');
      this.#dirtyTo = end.offset;
      await writeAt(this.#fd, bytes, segment.end.offset);
    } catch (error) {
      throw faultOf(error, what);
    }
    try {
      this.#options.failpoint('log.sync');
      if (inPlace) syncDataInPlace(this.#fd);
      else await syncData(this.#fd);
    } catch (error) {
      throw ioFault(error, `${what}: flush`);
    }
    this.#dirtyTo = 0;
    segment.offsets.note(end);
    segment.end = end;
    this.#room.extendAhead(end.offset);
  }

  /**
   * Truncates what a failed write left after the last durable event, durably, and reserves the blocks again. Truncating takes
   * a little space itself: rejects with `no-space`, and can then be called again.
   */
  async truncate(): Promise<void> {
    const { end, path } = this.segment;
    // Truncating gives up reserved blocks for a moment: it is left out if nothing was written.
    if (hasOnlyZeros(this.#fd, end.offset, this.#dirtyTo)) this.#dirtyTo = 0;
    if (this.#dirtyTo === 0) return;
    await this.#room.settled();
    try {
      ftruncateSync(this.#fd, end.offset);
    } catch (error) {
      throw faultOf(error, `log segment ${path}: truncating it at byte ${end.offset}`);
    }
    this.#room.reset(end.offset);
    this.#space.restore(end.offset);
    await syncData(this.#fd);
    this.#dirtyTo = 0;
  }

  /** Closes it after its last event and returns its unused blocks to the disk. */
  async complete(): Promise<void> {
    const { path, end, offsets } = this.segment;
    await this.#room.close();
    try {
      ftruncateSync(this.#fd, end.offset);
    } catch (error) {
      this.#options.warn(`log segment ${path} keeps unused space: ${errorText(error)}`);
    }
    closeSync(this.#fd);
    offsets.thin();
  }

  /** Deletes a segment that was not started. Never throws: what remains is deleted when the log is opened again. */
  abort(): void {
    const path = unfinished(this.segment.path);
    try {
      closeSync(this.#fd);
      unlinkSync(path);
    } catch (error) {
      this.#options.warn(`log segment ${path} can't be removed: ${errorText(error)}`);
    }
    void this.#room.close();
  }

  /** Closes it to be continued later: its file ends with its last event, and reserved blocks remain. */
  async close(): Promise<void> {
    await this.#room.close();
    if (this.#dirtyTo === 0) this.#cut();
    closeSync(this.#fd);
  }

  #cut(): void {
    const { path, end } = this.segment;
    const { offset } = end;
    try {
      if (!hasPlenty(path)) return;
      ftruncateSync(this.#fd, offset);
      this.#space.restore(offset);
    } catch (error) {
      this.#options.warn(`log segment ${path} ends with zeros: ${errorText(error)}`);
    }
  }
}
