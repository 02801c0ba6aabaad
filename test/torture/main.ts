import { closeSandboxesOnSignal } from '../support/sandbox.ts';
import { fleetMain } from './fleet/main.ts';
import { forwardMain } from './forward/main.ts';
import { parseOptions, type TortureOptions, usage } from './options.ts';
import { type Summary, torture } from './torture.ts';

/** `npm run torture`: prints progress and a summary; exit status 1 if anything was wrong. */
async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  console.log(commandOf(options));
  const summary = await torture(options, console.log);
  for (const line of report(summary)) console.log(line);
  if (summary.findings.length === 0) return;
  console.log(`begin again with: ${commandOf(options)}`);
  process.exitCode = 1;
}

function commandOf({ driver, mode, rounds, seconds, seed, writers, disk }: TortureOptions): string {
  const all = { driver, mode, rounds, seconds, seed, writers, disk };
  return `npm run torture -- ${Object.entries(all)
    .map(([name, value]) => `--${name} ${value}`)
    .join(' ')}`;
}

function report({ rounds, acknowledged, unknown, restart, faults, findings }: Summary): readonly string[] {
  const count = (what: Summary['findings'][number]['what']) => findings.filter((one) => one.what === what).length;
  const kinds = Object.entries(faults).map(([name, times]) => `${times} ${name}`);
  return [
    ...findings.map(({ what, text }) => `${what}: ${text}`),
    `${rounds} rounds (${kinds.join(', ')}): ${acknowledged} calls acknowledged, ${unknown} with an unknown outcome`,
    `${count('lost')} lost, ${count('wedged')} wedged, ${count('unexplained')} unexplained, ${count('not whole')} not whole, ${count('wrong')} wrong`,
    `a restart took ${restart.toFixed(2)} s in the mean`,
  ];
}

const programs = new Map([
  ['forward', forwardMain],
  ['fleet', fleetMain],
]);

closeSandboxesOnSignal();
try {
  const [program, ...rest] = process.argv.slice(2);
  if (program === '--help') console.log(usage);
  else await (programs.get(program ?? '') ?? main)(rest);
} catch (error) {
  console.error(error instanceof TypeError ? error.message : error);
  process.exitCode = 2;
}
