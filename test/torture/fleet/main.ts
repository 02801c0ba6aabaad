import { parseArgs } from 'node:util';
import { tortureFleet } from './rounds.ts';

/** `npm run torture -- fleet [--rounds N] [--seconds N] [--seed N] [--stores N]`; exit status 1 if anything was wrong. */
export async function fleetMain(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...args], options: { rounds: text, seconds: text, seed: text, stores: text } });
  const number = (name: keyof typeof values, usual: number) => {
    const value = values[name] ?? String(usual);
    if (!/^[0-9]+$/.test(value)) throw new TypeError(`--${name} ${value}: is not a whole number`);
    return Number(value);
  };
  const options = {
    rounds: number('rounds', values.seconds === undefined ? 20 : 1_000_000),
    seconds: number('seconds', 1_000_000),
    seed: number('seed', Math.floor(Math.random() * 2 ** 31)),
    stores: number('stores', 8),
  };
  console.log(`npm run torture -- fleet --rounds ${options.rounds} --seed ${options.seed} --stores ${options.stores}`);
  const { faults, events, rows, finding } = await tortureFleet(options, console.log);
  if (finding !== undefined) console.log(`wrong: ${finding}`);
  const outcome =
    finding === undefined ? 'the tables equal a fold of all logs' : 'the tables are not a fold of all logs';
  console.log(`${JSON.stringify(faults)}: ${events} events, ${rows} snapshots, ${outcome}`);
  if (finding !== undefined) process.exitCode = 1;
}
