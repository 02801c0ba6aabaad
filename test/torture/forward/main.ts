import { parseLimitsAnd } from '../options.ts';
import { tortureForward } from './rounds.ts';

/** `npm run torture -- forward [--rounds N] [--seconds N] [--seed N] [--writers N]`; exit status 1 if anything was wrong. */
export async function forwardMain(args: readonly string[]): Promise<void> {
  const options = parseLimitsAnd(args, 'writers', 4);
  console.log(
    `npm run torture -- forward --rounds ${options.rounds} --seed ${options.seed} --writers ${options.writers}`,
  );
  const { kills, events, omitted, findings } = await tortureForward(options, console.log);
  for (const finding of findings) console.log(`wrong: ${finding}`);
  console.log(
    `${kills.daemon} daemons and ${kills.server} servers killed: ${events} events without ${omitted} labels, ${findings.length === 0 ? 'the stream equals the log' : 'the stream is not the log'}`,
  );
  if (findings.length > 0) process.exitCode = 1;
}
