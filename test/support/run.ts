import { type ChildProcess, execFile } from 'node:child_process';

export interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  /** added to this process's environment */
  readonly env?: Readonly<Record<string, string>>;
  /** milliseconds until the command is killed; default: two minutes */
  readonly limit?: number;
  /** how the output's bytes become text: `latin1` keeps them all */
  readonly encoding?: 'utf8' | 'latin1';
  /** resolves with any exit status */
  readonly anyStatus?: boolean;
}

const underWay = new Set<ChildProcess>();
let over = false;

/** Kills every command that has not ended. None of them, and none that is started later, resolves or rejects any more. */
export function killCommands(): void {
  over = true;
  for (const child of underWay) child.kill('SIGKILL');
}

/** Runs a command to its end. Rejects with its output, unless its status is 0 or any status is accepted. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { env = {}, limit = 120_000, encoding = 'utf8', anyStatus = false } = options;
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      args,
      { env: { ...process.env, ...env }, encoding, timeout: limit, killSignal: 'SIGKILL', maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        underWay.delete(child);
        if (over) return;
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
        if (status !== undefined && (status === 0 || anyStatus)) resolve({ status, stdout, stderr });
        else
          reject(
            new Error(`${[command, ...args].join(' ')} ended with ${error?.signal ?? status}:\n${stdout}${stderr}`),
          );
      },
    );
    underWay.add(child);
  });
}
