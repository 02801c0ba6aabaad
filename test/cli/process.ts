import * as assert from 'uvu/assert';
import { type Finished, run } from '../support/run.ts';
import { daemonFile } from '../support/server.ts';

/** Runs the command line in a new process. */
export function snapledgerRun(...args: readonly string[]): Promise<Finished> {
  return run(process.execPath, [daemonFile, ...args], { anyStatus: true });
}

/** Its output; fails unless its status is 0. */
export async function snapledgerDone(...args: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await snapledgerRun(...args);
  assert.is(status, 0, stdout + stderr);
  return stdout;
}
