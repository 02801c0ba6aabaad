import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unmountBelow } from './mounts.ts';

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
    rmSync(path, { recursive: true, force: true });
    if (errors.length > 0) throw new AggregateError(errors, `ending ${path}: ${errors.join('; ')}`);
  };
  return {
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
}
