import { on } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Fault, faultOf } from '../../../../ports/fault.ts';
import type { Damage } from '../format/damage.ts';
import type { Cursor } from '../write/cursor.ts';

/** Part of a segment, between two places that are known. */
export interface Stretch {
  readonly path: string;
  readonly from: Cursor;
  /** byte at which it ends */
  readonly to: number;
}

/** Bytes that are worth a thread: it starts in 0.1 s. */
export const worthAThread = 8 << 20;

export const bytesIn = (stretches: readonly Stretch[]): number =>
  stretches.reduce((sum, { from, to }) => sum + to - from.offset, 0);

/** Whole lines of a segment, each of which follows from the one before. */
export interface VerifiedLines {
  readonly path: string;
  readonly bytes: Buffer;
  /** position of the first of them */
  readonly first: number;
  /** what is wrong with the line after them; nothing comes after that */
  readonly damage?: Damage;
}

/** As VerifiedLines, but with bytes as they cross threads. */
export type CrossingLines = Omit<VerifiedLines, 'bytes'> & { readonly bytes: Uint8Array<ArrayBuffer> };

/** A Fault as what it is made of. */
export type CrossingFault = Pick<Fault, 'code' | 'message' | 'hint'>;

/** A fault that has crossed threads. */
export const crossed = ({ code, message, hint }: CrossingFault): Fault => new Fault(code, message, { hint });

/** A fault ends the reading, and so does `null`, the end. */
type Message = CrossingLines | CrossingFault | null;

/** Blocks that the thread is ahead by at most: a few megabytes. */
export const mostAhead = 16;

/** What the thread is to read. */
export interface ThreadData {
  readonly stretches: readonly Stretch[];
}

/** The thread's program beside this file, compiled or not. */
export const threadProgram = new URL(
  `./read-ahead-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`,
  import.meta.url,
);

/**
 * Reads stretches in order and verifies them on a thread of its own, which is ahead of the caller by a few blocks: checksums
 * and hashes then cost a replay no time. The thread ends with the iteration. Others get their turn between two blocks.
 * Rejects with a Fault where a file can't be read.
 */
export async function* verifiedAhead(stretches: readonly Stretch[]): AsyncGenerator<VerifiedLines> {
  const worker = new Worker(threadProgram, { workerData: { stretches } satisfies ThreadData });
  try {
    for await (const [message] of on(worker, 'message') as AsyncIterable<[Message]>) {
      if (message === null) return;
      if ('code' in message) throw crossed(message);
      worker.postMessage('taken');
      const { buffer, byteOffset, length } = message.bytes;
      yield { ...message, bytes: Buffer.from(buffer, byteOffset, length) };
      await turn();
    }
  } catch (error) {
    throw faultOf(error, 'reading the log ahead');
  } finally {
    await worker.terminate();
  }
}
