import type { Readable } from 'node:stream';
import { execa, execaSync } from 'execa';
import { Fault } from '../../ports/fault.ts';

/** How a command ended: its exit status (128 + n for signal n), and what it wrote, without the last line's end. */
export interface Finished {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

interface Result {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly stdout?: unknown;
  readonly stderr?: unknown;
  readonly code?: string | undefined;
}

/** Messages in English, so that they can be read by program. */
const plain = { reject: false, env: { LC_ALL: 'C' } } as const;

/** What a command reads and writes: nothing, and text, unless said. */
export interface Streams {
  readonly input?: Readable;
  /** a file that its output is added to */
  readonly output?: string;
  /** `latin1` keeps every byte of the output, one in each character */
  readonly encoding?: 'utf8' | 'latin1';
}

/** Runs a command to its end. A failing status is an answer; a command that is not there is a Fault (`unsupported`). */
export async function runCommand(
  file: string,
  args: readonly string[],
  { input, output, encoding = 'utf8' }: Streams = {},
): Promise<Finished> {
  const stdin = input === undefined ? ({ stdin: 'ignore' } as const) : { input };
  const stdout = output === undefined ? {} : { stdout: { file: output, append: true }, buffer: { stdout: false } };
  return finishedOf(file, await execa(file, args, { ...plain, ...stdin, ...stdout, encoding }));
}

/** The same while the calling thread waits. */
export function runCommandSync(file: string, args: readonly string[]): Finished {
  return finishedOf(file, execaSync(file, args, { ...plain, stdin: 'ignore' }));
}

/** A command that runs until it is let go, or until this process is gone. */
export interface Held {
  /** Closes its standard input and resolves when it has ended. */
  release(): Promise<void>;
  /** Resolves when it has ended, whatever ended it. */
  readonly ended: Promise<Finished>;
}

/**
 * Starts a command that writes something when it has what it wants, and ends when its standard input does: so it dies
 * with this process however that dies. Resolves with how it ended if it ends without a word. It sits in a session of
 * its own, since a Ctrl-C in a terminal goes to the whole group, and does not keep this process alive.
 */
export async function holdCommand(file: string, args: readonly string[]): Promise<Held | Finished> {
  const child = execa(file, args, { ...plain, stdin: 'pipe', buffer: false, detached: true, cleanup: false });
  const ended = child.then((result) => finishedOf(file, result));
  const word = new Promise<true>((resolve) => child.stdout.once('data', () => resolve(true)));
  const first = await Promise.race([word, ended]);
  if (first !== true) return first;
  ended.catch(() => {});
  child.unref();
  for (const stream of child.stdio) if (stream !== null && 'unref' in stream) (stream.unref as () => void)();
  return {
    ended,
    release: async () => {
      child.ref();
      child.stdin.end();
      await ended;
    },
  };
}

function finishedOf(file: string, result: Result): Finished {
  if (result.code === 'ENOENT')
    throw new Fault('unsupported', `${file}: no such command`, {
      hint: `install ${file}, or the optional koffi package`,
    });
  return {
    status: result.exitCode ?? 128,
    output: String(result.stdout ?? ''),
    errors: String(result.stderr ?? ''),
  };
}
