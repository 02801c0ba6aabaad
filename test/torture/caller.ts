import { CallFailure } from '../support/snapshots-client.ts';
import type { Change, Ledger } from './ledger.ts';

/** Makes a writer's calls, and keeps its ledger. */
export interface Caller {
  /** calls acknowledged so far */
  readonly acknowledged: number;
  /** the daemon no longer answers */
  readonly isCut: boolean;
  /** Makes a call that changes something; undefined if it was refused with one of these codes, or its outcome is unknown. */
  change<T>(changed: Change, call: () => Promise<T>, refusals?: readonly string[]): Promise<{ answer: T } | undefined>;
  /** Makes a call that changes nothing. */
  read(call: () => Promise<void>): Promise<void>;
}

/** The outcome is unknown if the daemon has ended, is stopping, or the call was cancelled. */
const unknownOutcome = new Set(['UNAVAILABLE', 'CANCELLED', 'DEADLINE_EXCEEDED', 'UNKNOWN']);
/** The daemon reports a disk error; failpoints after the operation do so too. */
const diskFailed = new Set(['INTERNAL', 'RESOURCE_EXHAUSTED']);

/** Throws a Violation for every answer but the expected ones, an unknown outcome and a failed disk. */
export function createCaller(ledger: Ledger): Caller {
  let acknowledged = 0;
  let isCut = false;
  const codeOf = (error: unknown) => {
    if (!(error instanceof CallFailure)) throw error;
    if (error.code === 'UNAVAILABLE') isCut = true;
    return error.code;
  };
  return {
    get acknowledged() {
      return acknowledged;
    },
    get isCut() {
      return isCut;
    },
    change: async (changed, call, refusals = []) => {
      try {
        const answer = await call();
        ledger.settle(changed);
        acknowledged += 1;
        return { answer };
      } catch (error) {
        const code = codeOf(error);
        if (refusals.includes(code)) return undefined;
        if (!unknownOutcome.has(code) && !diskFailed.has(code)) throw new Violation(String(error));
        ledger.unknown.push(changed);
        return undefined;
      }
    },
    read: async (call) => {
      try {
        await call();
      } catch (error) {
        if (error instanceof Violation) throw error;
        if (!unknownOutcome.has(codeOf(error))) throw new Violation(String(error));
      }
    },
  };
}

/** A wrong answer of the daemon, found by a writer. */
export class Violation extends Error {}
