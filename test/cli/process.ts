import { type Finished, run } from '../support/run.ts';
import { daemonFile } from '../support/server.ts';

/** Runs the command line in a new process. */
export function snapledgerRun(...args: readonly string[]): Promise<Finished> {
  return run(process.execPath, [daemonFile, ...args], { anyStatus: true });
}
