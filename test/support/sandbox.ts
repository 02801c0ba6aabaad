import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unmountBelow } from './mounts.ts';

/** One temporary directory, and everything that must be ended before it goes. */
export interface Sandbox {
  readonly path: string;
  /** A directory in it, made on the first call. */
  folder(name: string): string;
  /** Registers what to do at the end; the last registered is done first. */
  atEnd(deed: () => void | Promise<void>): void;
  /** Ends all that was registered, unmounts whatever is still mounted below, deletes the directory. Called again, it waits for the same. */
  close(): Promise<void>;
}

export function createSandbox(name: string): Sandbox {
  const path = mkdtempSync(join(tmpdir(), `snapledger-${name}-`));
  const deeds: (() => void | Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  const end = async () => {
    const errors: unknown[] = [];
    for (let deed = deeds.pop(); deed !== undefined; deed = deeds.pop())
      await Promise.resolve()
        .then(deed)
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
    atEnd: (deed) => void deeds.push(deed),
    close: () => {
      closing ??= end();
      return closing;
    },
  };
}
