import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { createCaller } from './caller.ts';
import { commit, type Operation, prepare, readBack, remove, type Tools, update } from './operations.ts';

/** A snapshots client that works on its own keys and on the parents of all writers. */
export interface Writer {
  /** Calls acknowledged so far. */
  readonly acknowledged: number;
  /** Works until it is stopped, or until the daemon stops answering. Rejects with a Violation. */
  work(stopped: () => boolean): Promise<void>;
}

const operations: readonly [Operation, ...Operation[]] = [
  prepare,
  prepare,
  prepare,
  commit,
  commit,
  remove,
  remove,
  update,
  readBack,
];

export function createWriter(context: Omit<Tools, 'caller'>): Writer {
  const caller = createCaller(context.ledger);
  const tools: Tools = { ...context, caller };
  return {
    get acknowledged() {
      return caller.acknowledged;
    },
    work: async (stopped) => {
      while (!stopped() && !caller.isCut) {
        await context.random.pick(operations)(tools);
        await yieldToLoop();
      }
    },
  };
}
