import { CallFailure } from '../support/snapshots-client.ts';
import { Contradiction } from './contradiction.ts';
import type { Change, Ledger } from './ledger.ts';

/** Makes a writer's calls, and keeps its ledger. */
export interface Caller {
  /** calls acknowledged so far */
  readonly acknowledged: number;
  /** nobody answers any more */
  readonly isCut: boolean;
  /** Makes a call that changes something; undefined where it was refused by one of these codes, or its outcome is not known. */
  change<T>(changed: Change, call: () => Promise<T>, refusals?: readonly string[]): Promise<{ answer: T } | undefined>;
  /** Makes a call that changes nothing. */
  look(call: () => Promise<void>): Promise<void>;
}

/** The daemon is gone, was told to stop, or the call was cut short: its outcome is not known. */
const silence = new Set(['UNAVAILABLE', 'CANCELLED', 'DEADLINE_EXCEEDED', 'UNKNOWN']);
/** The daemon says that the disk failed it; failpoints after the deed say so too. */
const disk = new Set(['INTERNAL', 'RESOURCE_EXHAUSTED']);

/** Every answer but the expected ones, silence, and a failing disk is a Contradiction. */
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
        if (!silence.has(code) && !disk.has(code)) throw new Contradiction(String(error));
        ledger.unknown.push(changed);
        return undefined;
      }
    },
    look: async (call) => {
      try {
        await call();
      } catch (error) {
        if (error instanceof Contradiction) throw error;
        if (!silence.has(codeOf(error))) throw new Contradiction(String(error));
      }
    },
  };
}
