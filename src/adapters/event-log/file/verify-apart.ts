import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import { faultOf } from '../../../ports/fault.ts';
import { type Damage, damageFault } from './damage.ts';
import { type CrossingFault, crossed, type Stretch, type ThreadData, threadProgram } from './read-ahead.ts';

/** The first damage, or the fault that kept the thread from looking, or null where every byte is as it was written. */
export type Verdict = Damage | CrossingFault | null;

/**
 * Verifies stretches on a thread of its own, and hands nothing of them over. `verified` rejects with a Fault: `corrupt` with
 * the first damage, or where a file can't be read. `stop` ends the thread, and has to be called.
 */
export function verifyApart(stretches: readonly Stretch[]): { verified: Promise<void>; stop(): Promise<unknown> } {
  const worker = new Worker(threadProgram, { workerData: { stretches, apart: true } satisfies ThreadData });
  const verified = firstVerdict(worker);
  // Who waits for it may do so only later.
  verified.catch(() => {});
  return { verified, stop: () => worker.terminate() };
}

async function firstVerdict(worker: Worker): Promise<void> {
  try {
    for await (const [verdict] of on(worker, 'message') as AsyncIterable<[Verdict]>) {
      if (verdict === null) return;
      if ('file' in verdict) throw damageFault(verdict);
      throw crossed(verdict);
    }
  } catch (error) {
    throw faultOf(error, 'verifying the log');
  }
}
