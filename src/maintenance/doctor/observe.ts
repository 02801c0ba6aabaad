import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { processFacts } from '../../adapters/machine/processes.ts';
import { isWholeRange } from '../../adapters/volume-driver/shared/kernel-traits.ts';
import { faultOf } from '../../ports/fault.ts';
import type { Failure, Observed } from '../../ports/machine-facts.ts';

/** A fact; an error is the reason why it is not known. */
export async function observe<T>(fact: () => T | Promise<T>): Promise<Observed<T>> {
  try {
    return await fact();
  } catch (error) {
    const { message } = faultOf(error, 'not readable');
    return { unavailable: process.geteuid?.() === 0 ? message : `${message} (this command does not run as root)` };
  }
}

/** A failure as a fault shows it. */
export const failureOf = (error: unknown): Failure => {
  const { message, hint } = faultOf(error, 'failed');
  return { text: message, hint };
};

/** Facts about a process. Throws the system's error. */
export const factsOf = (pid: number, root: string) => processFacts(pid, root, isWholeRange);

/** A path, or the nearest directory above it that exists. */
export const nearestExisting = (path: string): string => (existsSync(path) ? path : nearestExisting(dirname(path)));
