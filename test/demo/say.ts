import { run } from '../support/run.ts';
import { daemonFile } from '../support/server.ts';

export const heading = (text: string): void => console.log(`\n== ${text}`);
export const say = (text: string): void => console.log(`   ${text}`);

/** Runs `snapledger` for everyone to see, and shows no more than the last lines of what it prints. */
export async function showSnapledger(args: readonly string[], lines = 40): Promise<void> {
  console.log(`   $ snapledger ${args.join(' ')}`);
  const { stdout, stderr } = await run(process.execPath, [daemonFile, ...args], { anyStatus: true });
  const all = `${stdout}${stderr}`.trimEnd().split('\n');
  const left = all.length - lines;
  if (left > 1) console.log(`     ${all[0]}\n     ... ${left - 1} lines ...`);
  for (const line of left > 1 ? all.slice(left) : all) console.log(`     ${line}`);
}
