import type { Readable } from 'node:stream';
import { execa, execaSync } from 'execa';
import { Fault } from '../../ports/fault.ts';

/** The exit status of a command (128 for a signal) and its output, without the last line feed. */
export interface Finished {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

/** A command's input and output. By default no input, and text as output. */
export interface Streams {
  readonly input?: Readable;
  /** a file that its output is appended to */
  readonly output?: string;
  /** `latin1` keeps every byte of the output, one in each character */
  readonly encoding?: 'utf8' | 'latin1';
  /** milliseconds after which it is ended; by default never */
  readonly timeout?: number;
}

/** Messages in English, since programs read them. */
const plain = { reject: false, env: { LC_ALL: 'C' } } as const;

/** Runs a command to its end. Resolves with a failing status; rejects with a Fault (`unsupported`) if there is no such command, or (`io`) after `timeout`. */
export async function runCommand(
  file: string,
  args: readonly string[],
  { input, output, encoding = 'utf8', timeout = 0 }: Streams = {},
): Promise<Finished> {
  const stdin = input === undefined ? ({ stdin: 'ignore' } as const) : { input };
  const stdout = output === undefined ? {} : { stdout: { file: output, append: true }, buffer: { stdout: false } };
  return finishedOf(file, await execa(file, args, { ...plain, ...stdin, ...stdout, encoding, timeout }));
}

/** The same, but blocks the calling thread. */
export function runCommandSync(file: string, args: readonly string[]): Finished {
  return finishedOf(file, execaSync(file, args, { ...plain, stdin: 'ignore' }));
}

interface Result {
  readonly exitCode?: number | undefined;
  readonly stdout?: unknown;
  readonly stderr?: unknown;
  readonly code?: string | undefined;
  readonly timedOut?: boolean;
}

function finishedOf(file: string, { code, timedOut, exitCode, stdout, stderr }: Result): Finished {
  if (timedOut === true)
    throw new Fault('io', `${file}: did not end in time`, { hint: 'run it by hand to see what it waits for' });
  if (code === 'ENOENT')
    throw new Fault('unsupported', `${file}: no such command`, { hint: `install the package that ${file} is in` });
  return { status: exitCode ?? 128, output: String(stdout ?? ''), errors: String(stderr ?? '') };
}
