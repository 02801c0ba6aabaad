import { join } from 'node:path';
import { type Finished, run } from '../support/run.ts';

/** The command line as it is installed. */
export const snapledger = join(import.meta.dirname, '../../src/snapledger.cjs');

/** Runs the command line as a process of its own. */
export function snapledgerRun(...args: readonly string[]): Promise<Finished> {
  return run(process.execPath, [snapledger, ...args], { anyStatus: true });
}
