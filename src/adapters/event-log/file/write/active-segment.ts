import { closeSync, existsSync, ftruncateSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Failpoint } from '../../../../ports/failpoints.ts';
import { errorText, Fault, faultOf } from '../../../../ports/fault.ts';
import { formatHeader, type Header } from '../format/header.ts';
import { chainLines } from '../format/line.ts';
import { type Cursor, createSegment, type Segment } from '../format/segment.ts';
import { flushed, hasOnlyZeros, ioFault, openFile, syncData, syncDataInPlace, syncFile, writeAt } from './file-io.ts';
import type { Demand, PendingAppend } from './pending-append.ts';
import { hasPlenty, type PreallocationOptions } from './preallocation.ts';
import { discard, type FileAhead, openWritable, unfinished, type WritableFile } from './segment-file-ahead.ts';

export interface SegmentOptions extends PreallocationOptions {
  readonly directory: string;
  readonly failpoint: Failpoint;
  readonly warn: (message: string) => void;
}

/** A segment has its name only once its header is durable: one without a whole header is damaged, never unfinished. */
export const unfinishedName = /^[0-9]{20}\.log(\.gz\.[0-9]+)?\.new$/;

/**
 * A segment that events are written into, now or soon: `prepare` or `resume`, `start`, then `enqueue` and `write`, and at its
 * end `complete`; `abort` instead of `start`. Nothing else changes its file.
 */
export class ActiveSegment {
  readonly segment: Segment;
  readonly #file: WritableFile;
  readonly #options: SegmentOptions;
  /** after the last event that was enqueued, durable or not */
  #pending: Cursor;
  #started: boolean;

  /** Up to here a batch may be in the file after the last durable event. */
  #dirtyTo = 0;

  private constructor(segment: Segment, file: WritableFile, options: SegmentOptions, started: boolean) {
    this.segment = segment;
    this.#file = file;
    this.#options = options;
    this.#pending = segment.end;
    this.#started = started;
  }

  /**
   * Creates the file of a coming segment with space for its header and the reserve, or takes one that was made ahead; throws a
   * Fault and leaves nothing. A file that has the segment's name already is not replaced, unless `replace` is set.
   */
  static prepare(
    values: Pick<Header, 'store' | 'first' | 'before'>,
    options: SegmentOptions,
    { replace = false, ahead }: { readonly replace?: boolean; readonly ahead?: FileAhead } = {},
  ): ActiveSegment {
    const { header } = formatHeader(values);
    const segment = createSegment(options.directory, header);
    if (!replace && existsSync(segment.path))
      throw new Fault('busy', `log segment ${segment.path}: a file has its name already`, {
        hint: 'move it out of the way: it is not part of this log',
      });
    const made = ahead?.take() ?? openWritable(unfinished(segment.path), 'w+', options);
    const prepared = new ActiveSegment(segment, made, options, false);
    try {
      made.space.demand(header.bytes, false);
      return prepared;
    } catch (error) {
      prepared.abort();
      throw error;
    }
  }

  /** Continues the last segment of a log. What a killed process wrote and did not flush is made durable. */
  static async resume(segment: Segment, options: SegmentOptions): Promise<ActiveSegment> {
    const resumed = new ActiveSegment(segment, openWritable(segment.path, 'r+', options), options, true);
    resumed.#file.space.restore(segment.end.offset);
    await syncData(resumed.#file.fd);
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
      this.#file.space.demand(end.offset, demand.reserve);
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
    const what = `log segment ${this.#file.path}`;
    const directory = openFile(dirname(path), 'r');
    try {
      try {
        failpoint('log.rotate');
        await this.#file.room.demand(header.bytes);
        await writeAt(this.#file.fd, Buffer.from(formatHeader(header).text), 0);
      } catch (error) {
        throw faultOf(error, what);
      }
      await flushed(syncData(this.#file.fd), what);
      await rename(this.#file.path, path).catch((error) => {
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
    return this.#file.room.has(this.segment.end.offset + bytes);
  }

  /**
   * Makes a batch durable and visible to readers, on the calling thread if `inPlace` is set. After a Fault that is not transient
   * the segment must not be written again.
   */
  async write(end: Cursor, bytes: Buffer, inPlace: boolean): Promise<void> {
    const { segment } = this;
    const what = `log segment ${segment.path}: writing at byte ${segment.end.offset}`;
    try {
      await this.#file.room.demand(end.offset);
      this.#options.failpoint('log.write');
      this.#dirtyTo = end.offset;
      await writeAt(this.#file.fd, bytes, segment.end.offset);
    } catch (error) {
      throw faultOf(error, what);
    }
    try {
      this.#options.failpoint('log.sync');
      if (inPlace) syncDataInPlace(this.#file.fd);
      else await syncData(this.#file.fd);
    } catch (error) {
      throw ioFault(error, `${what}: flush`);
    }
    this.#dirtyTo = 0;
    segment.offsets.note(end);
    segment.end = end;
    this.#file.room.extendAhead(end.offset);
  }

  /**
   * Truncates what a failed write left after the last durable event, durably, and reserves the blocks again. Truncating takes
   * a little space itself: rejects with `no-space`, and can then be called again.
   */
  async truncate(): Promise<void> {
    const { end, path } = this.segment;
    // Truncating gives up reserved blocks for a moment: it is left out if nothing was written.
    if (hasOnlyZeros(this.#file.fd, end.offset, this.#dirtyTo)) this.#dirtyTo = 0;
    if (this.#dirtyTo === 0) return;
    await this.#file.room.settled();
    try {
      ftruncateSync(this.#file.fd, end.offset);
    } catch (error) {
      throw faultOf(error, `log segment ${path}: truncating it at byte ${end.offset}`);
    }
    this.#file.room.reset(end.offset);
    this.#file.space.restore(end.offset);
    await syncData(this.#file.fd);
    this.#dirtyTo = 0;
  }

  /** Closes it after its last event and returns its unused blocks to the disk. */
  async complete(): Promise<void> {
    const { path, end, offsets } = this.segment;
    await this.#file.room.close();
    try {
      ftruncateSync(this.#file.fd, end.offset);
    } catch (error) {
      this.#options.warn(`log segment ${path} keeps unused space: ${errorText(error)}`);
    }
    closeSync(this.#file.fd);
    offsets.thin();
  }

  /** Deletes a segment that was not started. Never throws: what remains is deleted when the log is opened again. */
  abort(): void {
    try {
      discard(this.#file);
    } catch (error) {
      this.#options.warn(`log segment ${this.#file.path} can't be removed: ${errorText(error)}`);
    }
  }

  /** Closes it to be continued later: its file ends with its last event, and reserved blocks remain. */
  async close(): Promise<void> {
    await this.#file.room.close();
    if (this.#dirtyTo === 0) this.#cut();
    closeSync(this.#file.fd);
  }

  #cut(): void {
    const { path, end } = this.segment;
    const { offset } = end;
    try {
      if (!hasPlenty(path)) return;
      ftruncateSync(this.#file.fd, offset);
      this.#file.space.restore(offset);
    } catch (error) {
      this.#options.warn(`log segment ${path} ends with zeros: ${errorText(error)}`);
    }
  }
}
