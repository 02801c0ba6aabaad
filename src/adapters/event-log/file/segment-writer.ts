import { closeSync } from 'node:fs';
import { faultOf } from '../../../ports/fault.ts';
import { type ActiveSegment, cutBack, leaveSegment, startSegment } from './active-segment.ts';
import type { Cursor } from './cursor.ts';
import { syncData, writeAt } from './file-calls.ts';
import { ioFault } from './io-fault.ts';
import type { Segment } from './segment.ts';
import type { WritingOptions } from './writing-options.ts';

/** The events of one append as they will stand in a segment. */
export interface Taken {
  readonly active: ActiveSegment;
  readonly text: string;
  readonly records: number;
  /** the place after them */
  readonly to: Cursor;
}

/** Writes batches, each with one write and one flush. */
export interface SegmentWriter {
  /** the segment that holds the last durable event */
  readonly active: ActiveSegment;
  /** Makes appends of one segment durable, starting that segment first where it is a new one. Rejects with a Fault. */
  store(batch: readonly Taken[]): Promise<void>;
  /** Takes back what a write that found no room has left. Rejects where that fails as well. */
  takeBack(): Promise<void>;
  close(): void;
}

export function createSegmentWriter(
  segments: Segment[],
  first: ActiveSegment,
  { reach, onFlush, warn }: WritingOptions,
): SegmentWriter {
  let active = first;

  const start = async (next: ActiveSegment) => {
    try {
      reach('log.rotate');
    } catch (error) {
      throw faultOf(error, `log segment ${next.segment.path}`);
    }
    await startSegment(next);
    segments.push(next.segment);
    leaveSegment(active, warn);
    active = next;
  };
  const write = async (bytes: Buffer) => {
    const { fd, segment } = active;
    const what = `log segment ${segment.path}: writing at byte ${segment.end.offset}`;
    try {
      reach('log.write');
      await writeAt(fd, bytes, segment.end.offset);
    } catch (error) {
      throw faultOf(error, what);
    }
    try {
      reach('log.sync');
      await syncData(fd);
    } catch (error) {
      throw ioFault(error, `${what}: flush`);
    }
  };
  return {
    get active() {
      return active;
    },
    store: async (batch) => {
      const [head] = batch;
      if (head === undefined) return;
      if (!head.active.started) await start(head.active);
      const began = performance.now();
      const bytes = Buffer.from(batch.map(({ text }) => text).join(''));
      await write(bytes);
      const { segment } = active;
      for (const { to } of batch) segment.places.note(to);
      segment.end = batch.at(-1)?.to ?? segment.end;
      const records = batch.reduce((sum, taken) => sum + taken.records, 0);
      onFlush(records, bytes.length, (performance.now() - began) / 1000);
    },
    takeBack: () => cutBack(active),
    close: () => closeSync(active.fd),
  };
}
