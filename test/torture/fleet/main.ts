import { parseLimitsAnd } from '../options.ts';
import { tortureFleet } from './rounds.ts';

/** `npm run torture -- fleet [--rounds N] [--seconds N] [--seed N] [--stores N]`; exit status 1 if anything was wrong. */
export async function fleetMain(args: readonly string[]): Promise<void> {
  const options = parseLimitsAnd(args, 'stores', 8);
  console.log(`npm run torture -- fleet --rounds ${options.rounds} --seed ${options.seed} --stores ${options.stores}`);
  const { faults, events, rows, finding } = await tortureFleet(options, console.log);
  if (finding !== undefined) console.log(`wrong: ${finding}`);
  const outcome =
    finding === undefined ? 'the tables equal a fold of all logs' : 'the tables are not a fold of all logs';
  console.log(`${JSON.stringify(faults)}: ${events} events, ${rows} snapshots, ${outcome}`);
  if (finding !== undefined) process.exitCode = 1;
}
