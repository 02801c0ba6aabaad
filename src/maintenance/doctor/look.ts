import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { processFacts } from '../../adapters/machine/processes.ts';
import { isWholeRange } from '../../adapters/volume-driver/shared/kernel-traits.ts';
import { faultOf } from '../../ports/fault.ts';
import type { Seen, Trouble } from '../../ports/machine-facts.ts';

/** What a look found; an error is why it could not be seen. */
export async function look<T>(at: () => T | Promise<T>): Promise<Seen<T>> {
  try {
    return await at();
  } catch (error) {
    const { message } = faultOf(error, 'not visible');
    return { unseen: process.geteuid?.() === 0 ? message : `${message} (this command does not run as root)` };
  }
}

/** A failure as a fault shows it. */
export const troubleOf = (error: unknown): Trouble => {
  const { message, hint } = faultOf(error, 'failed');
  return { text: message, hint };
};

/** What can be seen of a process. Throws the system's error. */
export const factsOf = (pid: number, root: string) => processFacts(pid, root, isWholeRange);

/** A path, or the nearest directory above it that exists. */
export const nearestExisting = (path: string): string => (existsSync(path) ? path : nearestExisting(dirname(path)));
