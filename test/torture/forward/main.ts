import { parseArgs } from 'node:util';
import { tortureForward } from './rounds.ts';

/** `npm run torture -- forward [--rounds N] [--seconds N] [--seed N] [--writers N]`; exit status 1 if anything was wrong. */
export async function forwardMain(args: readonly string[]): Promise<void> {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { rounds: text, seconds: text, seed: text, writers: text },
  });
  const number = (name: keyof typeof values, usual: number) => {
    const value = values[name] ?? String(usual);
    if (!/^[0-9]+$/.test(value)) throw new TypeError(`--${name} ${value}: is not a whole number`);
    return Number(value);
  };
  const options = {
    rounds: number('rounds', values.seconds === undefined ? 20 : 1_000_000),
    seconds: number('seconds', 1_000_000),
    seed: number('seed', Math.floor(Math.random() * 2 ** 31)),
    writers: number('writers', 4),
  };
  console.log(
    `npm run torture -- forward --rounds ${options.rounds} --seed ${options.seed} --writers ${options.writers}`,
  );
  const { kills, events, findings } = await tortureForward(options, console.log);
  for (const finding of findings) console.log(`wrong: ${finding}`);
  console.log(
    `${kills.daemon} daemons and ${kills.server} servers killed: ${events} events, ${findings.length === 0 ? 'the stream equals the log' : 'the stream is not the log'}`,
  );
  if (findings.length > 0) process.exitCode = 1;
}
