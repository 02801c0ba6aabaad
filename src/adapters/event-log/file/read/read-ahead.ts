import { on } from 'node:events';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Fault, faultOf } from '../../../../ports/fault.ts';
import { workerProgram } from '../../../system/files.ts';
import type { Cursor } from '../format/segment.ts';
import type { WalkedBlock } from '../verify/verify-lines.ts';

/** Part of a segment, from a known cursor up to a byte. */
export interface SegmentRange {
  readonly path: string;
  readonly from: Cursor;
  readonly to: number;
}

/** Verified lines of the segment at `path`. */
type BlockAhead = WalkedBlock & { readonly path: string };

/** A message of the thread. A fault or `null` (the end) ends the reading. */
export type Message =
  | (Omit<BlockAhead, 'lines'> & { readonly lines: Uint8Array<ArrayBuffer> })
  | Pick<Fault, 'code' | 'message' | 'hint'>
  | null;

/** Blocks that the thread is ahead by at most: a few megabytes. */
export const maxAhead = 16;

const threadProgram = workerProgram(import.meta.url, 'read-ahead-worker');

/**
 * Reads ranges in order and verifies them on a thread, which is ahead of the caller by a few blocks: checksums and hashes
 * then cost a replay no time. The thread ends with the iteration. Yields to the event loop between two blocks. Rejects with
 * a Fault if a file can't be read.
 */
export async function* verifiedAhead(ranges: readonly SegmentRange[]): AsyncGenerator<BlockAhead> {
  const worker = new Worker(threadProgram, { workerData: ranges });
  try {
    for await (const [message] of on(worker, 'message') as AsyncIterable<[Message]>) {
      if (message === null) return;
      if ('code' in message) throw new Fault(message.code, message.message, message);
      worker.postMessage('taken');
      const { buffer, byteOffset, length } = message.lines;
      yield { ...message, lines: Buffer.from(buffer, byteOffset, length) };
      await yieldToLoop();
    }
  } catch (error) {
    throw faultOf(error, 'reading the log ahead');
  } finally {
    await worker.terminate();
  }
}
