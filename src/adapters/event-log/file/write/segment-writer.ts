import type { Ballast } from '../../../../ports/disk-space.ts';
import type { LogPosition } from '../../../../ports/event-log.ts';
import { type Fault, faultOf, isTransient } from '../../../../ports/fault.ts';
import { encodeBatch } from '../format/line.ts';
import { chainHashOf, type Segment } from '../format/segment.ts';
import { ActiveSegment, type SegmentOptions } from './active-segment.ts';
import { ioFault } from './file-io.ts';
import { createFlushChoice } from './flush-choice.ts';
import type { Demand, PendingAppend } from './pending-append.ts';
import { withBallast } from './preallocation.ts';
import { createFileAhead, type FileAhead } from './segment-file-ahead.ts';

/** Called after every successful flush: events, bytes and seconds, including the write, and whether the thread was blocked. */
export type OnFlush = (records: number, bytes: number, seconds: number, inPlace: boolean) => void;

export interface WriterOptions extends SegmentOptions {
  /** A segment of this size is followed by a new one. */
  readonly segmentBytes: number;
  /** released for `reserve` appends that find no space otherwise */
  readonly ballast: Ballast | undefined;
  readonly onFlush: OnFlush;
}

/** Writes batches into the last of a log's segments, each with one write and one flush, and rotates segments. */
export class SegmentWriter {
  readonly #segments: Segment[];
  readonly #options: WriterOptions;
  /** holds the last durable event */
  #durable: ActiveSegment;
  /** takes the next events */
  #current: ActiveSegment;
  /** followed `#durable` and are not all started yet */
  #prepared: ActiveSegment[] = [];
  #rotationFailed = false;
  readonly #choice = createFlushChoice();
  readonly #ahead: FileAhead;
  #restoringBallast: Promise<void> | undefined;

  constructor(segments: Segment[], active: ActiveSegment, options: WriterOptions) {
    this.#segments = segments;
    this.#durable = active;
    this.#current = active;
    this.#options = options;
    this.#ahead = createFileAhead(options);
  }

  /** The last durable event. */
  get end(): LogPosition {
    const { end, header } = this.#durable.segment;
    return { position: end.position, chainHash: chainHashOf(end, header) };
  }

  /**
   * Accepts events that follow `after`, in a new segment if the current one has its size. While a new segment can't be made
   * for now, `reserve` appends continue in the current one; others throw. Throws `no-space`.
   */
  enqueue(bodies: readonly string[], after: LogPosition, demand: Demand): PendingAppend {
    const { segmentBytes, ballast } = this.#options;
    const { reserve } = demand;
    if (this.#current.hasReached(segmentBytes) && !(this.#rotationFailed && reserve))
      try {
        this.#rotate(after);
      } catch (error) {
        if (!reserve || !isTransient(error)) throw error;
      }
    return this.#current.enqueue(bodies, demand, reserve && ballast !== undefined);
  }

  #rotate({ position, chainHash }: LogPosition): void {
    const { store } = this.#current.segment.header;
    this.#rotationFailed = true;
    const values = { store, first: position + 1, before: chainHash };
    this.#current = ActiveSegment.prepare(values, this.#options, { ahead: this.#ahead });
    this.#rotationFailed = false;
    this.#prepared = [...this.#prepared.filter(({ started }) => !started), this.#current];
  }

  /**
   * Makes appends of one segment durable, starting that segment first if it is new. If one of them may use the reserve and
   * there is no space, ballast is released for it and restored afterwards. Rejects with a Fault.
   */
  async store(batch: readonly PendingAppend[]): Promise<void> {
    const [head] = batch;
    const last = batch.at(-1);
    if (head === undefined || last === undefined) return;
    const { ballast, onFlush, segmentBytes } = this.#options;
    const bytes = encodeBatch(batch.flatMap(({ lines }) => lines));
    const records = last.end.position - this.#durable.segment.end.position;
    const callers = batch.filter(({ awaited }) => awaited).length;
    const inPlace = this.blocks && callers <= 1 && head.active.started && head.active.hasRoom(bytes.length);
    const began = performance.now();
    await withBallast(batch.some(({ reserve }) => reserve) ? ballast : undefined, async () => {
      if (!head.active.started) await this.#start(head.active);
      await this.#durable.write(last.end, bytes, inPlace);
    });
    const milliseconds = performance.now() - began;
    this.#choice.flushed(callers, milliseconds);
    onFlush(records, bytes.length, milliseconds / 1000, inPlace);
    // A file that was taken has its own name by then.
    if (this.#current === this.#durable && last.end.offset > segmentBytes / 2) this.#ahead.prepare();
    this.#restoringBallast = ballast?.restore();
  }

  /** Whether `store` may block the thread: then it should be given all appends of a callback. */
  get blocks(): boolean {
    return this.#choice.inPlace;
  }

  async #start(next: ActiveSegment): Promise<void> {
    await next.start();
    this.#segments.push(next.segment);
    await this.#durable.complete();
    this.#durable = next;
  }

  /**
   * Truncates what a failed batch left, if possible, and returns the fault for its callers: after a transient one the writer
   * continues, after any other it must not be used again.
   */
  async undo(error: unknown): Promise<Fault> {
    const fault = faultOf(error, `log segment ${this.#durable.segment.path}`);
    if (!isTransient(fault)) return fault;
    try {
      await withBallast(this.#options.ballast, () => this.#durable.truncate());
      return fault;
    } catch (failure) {
      return ioFault(failure, `${fault.message}; truncating it`);
    }
  }

  /** Forgets all that is not durable, including segments that were prepared and not started. */
  rewind(): void {
    for (const segment of this.#prepared) if (!segment.started) segment.abort();
    this.#prepared = [];
    this.#durable.rewind();
    this.#current = this.#durable;
  }

  async close(): Promise<void> {
    this.rewind();
    await this.#restoringBallast;
    await this.#ahead.close();
    await this.#durable.close();
  }
}
