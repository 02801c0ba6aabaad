import { execFile } from 'node:child_process';

export interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface RunOptions {
  /** added to this process's environment */
  readonly env?: Readonly<Record<string, string>>;
  /** milliseconds until the command is killed; two minutes unless said */
  readonly limit?: number;
  /** how the output's bytes become text: `latin1` keeps them all */
  readonly encoding?: 'utf8' | 'latin1';
  /** resolves with whatever status the command has */
  readonly anyStatus?: boolean;
}

/** Runs a command to its end. Rejects with all it printed, unless its status is 0 or any status will do. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { env = {}, limit = 120_000, encoding = 'utf8', anyStatus = false } = options;
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { env: { ...process.env, ...env }, encoding, timeout: limit, killSignal: 'SIGKILL', maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
        if (status !== undefined && (status === 0 || anyStatus)) resolve({ status, stdout, stderr });
        else
          reject(
            new Error(`${[command, ...args].join(' ')} ended with ${error?.signal ?? status}:\n${stdout}${stderr}`),
          );
      },
    );
  });
}
