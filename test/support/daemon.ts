import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Sandbox } from './sandbox.ts';
import { answers, waitFor } from './wait-for.ts';

/** A server process that a test has started, and ends by its id. */
export interface Daemon {
  readonly pid: number;
  /** Resolves when the process has ended, for any reason. */
  readonly ended: Promise<void>;
  /** What it has printed, its predecessors with the same log included. */
  log(): string;
  /** SIGTERM, and SIGKILL if that has not ended it within two minutes, which is then an error. Idempotent. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
}

interface DaemonOptions {
  readonly command: readonly [string, ...string[]];
  /** its address: a unix socket's path, or a port on loopback */
  readonly address: string | number;
  /** the file that its output is added to */
  readonly log: string;
  readonly env?: Readonly<Record<string, string>>;
  /** ends it at its own end, even if that comes before the server accepts connections */
  readonly sandbox?: Pick<Sandbox, 'atEnd'>;
}

/** Starts a server and resolves when it accepts connections. Rejects with its output if it ends before that. */
export async function startDaemon({ command, address, log, env = {}, sandbox }: DaemonOptions): Promise<Daemon> {
  const [program, ...args] = command;
  const fd = openSync(log, 'a');
  const child = spawn(program, args, { stdio: ['ignore', fd, fd], env: { ...process.env, ...env } });
  closeSync(fd);
  const exit = once(child, 'exit');
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const { pid } = child;
  if (pid === undefined) throw await exit.then(() => new Error(`${program} did not start`));
  const daemon: Daemon = {
    pid,
    ended: exit.then(() => {}),
    log: () => readFileSync(log, 'utf8'),
    stop: async () => {
      if (ended()) return;
      child.kill('SIGTERM');
      const patience = setTimeout(() => child.kill('SIGKILL'), 120_000);
      await exit.finally(() => clearTimeout(patience));
      if (child.signalCode === 'SIGKILL') throw new Error(`${program} did not end after SIGTERM:\n${daemon.log()}`);
    },
    kill: async () => {
      if (ended()) return;
      child.kill('SIGKILL');
      await exit;
    },
  };
  sandbox?.atEnd(daemon.stop);
  const serving = async () => {
    if (ended()) throw new Error(`${command.join(' ')} ended:\n${daemon.log()}`);
    return await answers(address);
  };
  await waitFor(`${program} on ${address}`, serving, { limit: 180_000 }).catch(async (error) => {
    await daemon.kill();
    throw error;
  });
  return daemon;
}
