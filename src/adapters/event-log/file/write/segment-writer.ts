import { closeSync } from 'node:fs';
import type { Ballast } from '../../../../ports/ballast.ts';
import type { Failpoint } from '../../../../ports/failpoints.ts';
import { type Fault, faultOf, isTransient } from '../../../../ports/fault.ts';
import { ioFault } from '../format/io-fault.ts';
import type { Segment } from '../format/segment.ts';
import type { WritingOptions } from '../format/writing-options.ts';
import { type ActiveSegment, cutBack, leaveSegment, startSegment } from './active-segment.ts';
import type { Cursor } from './cursor.ts';
import { syncData, writeAt } from './file-calls.ts';
import { withBallast } from './with-ballast.ts';

/** The events of one append as they will stand in a segment. */
export interface Taken {
  readonly active: ActiveSegment;
  readonly reserve: boolean;
  readonly text: string;
  readonly records: number;
  /** the place after them */
  readonly to: Cursor;
}

/** Writes batches, each with one write and one flush. */
export interface SegmentWriter {
  /** the segment that holds the last durable event */
  readonly active: ActiveSegment;
  /**
   * Makes appends of one segment durable, starting that segment first where it is a new one. Ballast is given up where one
   * of them may use the reserve and there is no space, and made again afterwards. Rejects with a Fault.
   */
  store(batch: readonly Taken[]): Promise<void>;
  /**
   * Takes back what a failed batch left, where that is possible, and gives the fault for those who wait: after one that
   * `isTransient` the writer goes on, after any other it must not be used again.
   */
  undo(error: unknown): Promise<Fault>;
  close(): Promise<void>;
}

export function createSegmentWriter(
  segments: Segment[],
  first: ActiveSegment,
  { failpoint, ballast, onFlush, warn }: WritingOptions,
): SegmentWriter {
  let active = first;
  let keeping: Promise<void> | undefined;

  const start = async (next: ActiveSegment) => {
    await startSegment(next, failpoint);
    segments.push(next.segment);
    leaveSegment(active, warn);
    active.segment.places.thin();
    active = next;
  };
  const write = async (batch: readonly Taken[], bytes: Buffer) => {
    const [head] = batch;
    if (head?.active.started === false) await start(head.active);
    await writeDurably(active, bytes, failpoint);
  };
  return {
    get active() {
      return active;
    },
    store: async (batch) => {
      if (batch.length === 0) return;
      const began = performance.now();
      const bytes = Buffer.from(batch.map(({ text }) => text).join(''));
      const isReserved = batch.some(({ reserve }) => reserve);
      await withBallast(isReserved ? ballast : undefined, () => write(batch, bytes));
      advance(active.segment, batch);
      const records = batch.reduce((sum, taken) => sum + taken.records, 0);
      onFlush(records, bytes.length, (performance.now() - began) / 1000);
      keeping = ballast?.keep();
    },
    undo: (error) => takeBack(active, ballast, faultOf(error, `log segment ${active.segment.path}`)),
    close: async () => {
      await keeping;
      closeSync(active.fd);
    },
  };
}

async function writeDurably({ fd, segment }: ActiveSegment, bytes: Buffer, failpoint: Failpoint): Promise<void> {
  const what = `log segment ${segment.path}: writing at byte ${segment.end.offset}`;
  try {
    failpoint('log.write');
    await writeAt(fd, bytes, segment.end.offset);
  } catch (error) {
    throw faultOf(error, what);
  }
  try {
    failpoint('log.sync');
    await syncData(fd);
  } catch (error) {
    throw ioFault(error, `${what}: flush`);
  }
}

/** Lets readers see a durable batch. */
function advance(segment: Segment, batch: readonly Taken[]): void {
  for (const { to } of batch) {
    segment.places.note(to);
    segment.end = to;
  }
}

async function takeBack(active: ActiveSegment, ballast: Ballast | undefined, fault: Fault): Promise<Fault> {
  if (!isTransient(fault)) return fault;
  try {
    await withBallast(ballast, () => cutBack(active));
    return fault;
  } catch (error) {
    return ioFault(error, `${fault.message}; cutting that off again`);
  }
}
