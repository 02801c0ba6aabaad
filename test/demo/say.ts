import { run } from '../support/run.ts';
import { daemonFile } from '../support/server.ts';

export const heading = (text: string): void => console.log(`\n== ${text}`);
export const say = (text: string): void => console.log(`   ${text}`);

/** Runs `snapledger` and shows the command and the last lines of its output. */
export async function showSnapledger(args: readonly string[], lines = 40): Promise<void> {
  console.log(`   $ snapledger ${args.join(' ')}`);
  const { stdout, stderr } = await run(process.execPath, [daemonFile, ...args], { anyStatus: true });
  const all = `${stdout}${stderr}`.trimEnd().split('\n');
  const left = all.length - lines;
  if (left > 1) console.log(`     ${all[0]}\n     ... ${left - 1} lines ...`);
  for (const line of left > 1 ? all.slice(left) : all) console.log(`     ${line}`);
}
