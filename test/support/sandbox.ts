import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unmountBelow } from './mounts.ts';
import { killCommands } from './run.ts';

/** One temporary directory, and the cleanup to run before it is deleted. */
export interface Sandbox {
  readonly path: string;
  /** A directory in it, created on the first call. */
  folder(name: string): string;
  /** Registers cleanup; runs in reverse order. */
  atEnd(action: () => void | Promise<void>): void;
  /** Runs the cleanup, unmounts all file systems below, deletes the directory. Later calls wait for the first. */
  close(): Promise<void>;
}

const open = new Set<Sandbox>();

/**
 * From now on SIGINT and SIGTERM kill the commands under way, close every open sandbox, the newest first, and end this process
 * with 128 plus the signal's number. Further ones are ignored: `npm run` repeats a terminal's signal.
 */
export function closeSandboxesOnSignal(): void {
  let closing = false;
  for (const [signal, status] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    process.on(signal, async () => {
      if (closing) return;
      closing = true;
      killCommands();
      for (const sandbox of [...open].reverse()) await sandbox.close().catch((error) => console.error(error));
      process.exit(status);
    });
}

export function createSandbox(name: string): Sandbox {
  const path = mkdtempSync(join(tmpdir(), `snapledger-${name}-`));
  const actions: (() => void | Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  const end = async () => {
    const errors: unknown[] = [];
    for (let action = actions.pop(); action !== undefined; action = actions.pop())
      await Promise.resolve()
        .then(action)
        .catch((error) => errors.push(error));
    unmountBelow(path);
    // A command that has been killed may still be writing for a moment.
    rmSync(path, { recursive: true, force: true, maxRetries: 5 });
    open.delete(sandbox);
    if (errors.length > 0) throw new AggregateError(errors, `ending ${path}: ${errors.join('; ')}`);
  };
  const sandbox: Sandbox = {
    path,
    folder: (inside) => {
      if (closing !== undefined) throw new Error(`${path} is being closed`);
      mkdirSync(join(path, inside), { recursive: true });
      return join(path, inside);
    },
    atEnd: (action) => void actions.push(action),
    close: () => {
      closing ??= end();
      return closing;
    },
  };
  open.add(sandbox);
  return sandbox;
}
