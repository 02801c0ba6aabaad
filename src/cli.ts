import { CommanderError } from 'commander';
import { errorLines, exitStatus } from './cli/failure.ts';
import { endQuietlyOnClosedPipe } from './cli/output/print.ts';
import { createProgram } from './cli/program.ts';
import { cliDeps } from './compose/cli-deps.ts';

/** Runs the command line and sets the exit status: 0 done, 1 failed or found something, 2 misuse, 3 corrupt, 4 busy, 5 warnings of doctor. */
export async function main(argv: readonly string[]): Promise<void> {
  endQuietlyOnClosedPipe();
  try {
    await createProgram(cliDeps).parseAsync([...argv]);
  } catch (error) {
    if (error instanceof CommanderError) {
      // It has told the person itself; help and version end this way too.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
      return;
    }
    process.stderr.write(`${errorLines(error, argv.includes('--json')).join('\n')}\n`);
    // Whatever a start that failed has left open must not keep the process alive.
    process.exit(exitStatus(error));
  }
}
