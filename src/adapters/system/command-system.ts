import { closeSync, existsSync, openSync } from 'node:fs';
import { uptime } from 'node:os';
import { isErrno, printedError } from '../../ports/errno.ts';
import { type Fault, faultOf } from '../../ports/fault.ts';
import type { Lock, System } from '../../ports/system.ts';
import { type Finished, holdCommand, runCommand, runCommandSync } from './run-command.ts';
import { shareRuns } from './share-runs.ts';
import { createSteppedClock } from './stepped-clock.ts';

/**
 * The System by commands of util-linux, coreutils and systemd: for where native calls can't be loaded. A call costs
 * milliseconds, a reservation of blocks on the main thread.
 */
export function createCommandSystem(): System {
  return {
    name: 'commands',
    now: createSteppedClock(),
    uptime: () => Math.floor(uptime() * 1000),
    preallocate: (fd, offset, bytes) => {
      const range = ['--offset', String(offset), '--length', String(bytes)];
      const file = `/proc/${process.pid}/fd/${fd}`;
      expectSuccess(
        runCommandSync('fallocate', ['--keep-size', ...range, file]),
        `reserving ${bytes} bytes at ${offset}`,
        'use a file system that can reserve blocks: ext4, xfs or btrfs',
      );
    },
    syncFileSystem: shareRuns(async (path) => {
      expectSuccess(await runCommand('sync', ['--file-system', path]), `flush of ${path}`);
    }),
    lock,
    notify: async (state) => {
      if ((process.env.NOTIFY_SOCKET ?? '') === '') return;
      const finished = await runCommand('systemd-notify', [`--pid=${process.pid}`, ...state.trimEnd().split('\n')]);
      expectSuccess(finished, 'telling the service manager');
    },
  };
}

const taken = 75;

/** Holds the lock and ignores the signals that a service manager sends to a whole group: it must outlive its daemon's last work. */
const keeper = 'trap "" HUP INT TERM; echo locked; exec cat >/dev/null';

async function lock(path: string): Promise<Lock | undefined> {
  try {
    closeSync(openSync(path, 'a', 0o600));
  } catch (error) {
    if (!isErrno(error, 'EROFS') || !existsSync(path))
      throw faultOf(error, `lock ${path}`, 'the lock must be a plain file in a writable directory');
  }
  const flags = ['--exclusive', '--nonblock', '--conflict-exit-code', String(taken), '--no-fork'];
  const held = await holdCommand('flock', [...flags, path, 'sh', '-c', keeper]);
  if ('status' in held) {
    if (held.status === taken) return undefined;
    throw failure(held, `lock ${path}`);
  }
  let released = false;
  void held.ended.then((finished) => {
    // Without the keeper another daemon can take the root: ending at once is the only safe thing left.
    if (!released) setImmediate(() => Promise.reject(failure(finished, `keeper of the lock ${path} has ended`)));
  });
  return {
    release: () => {
      released = true;
      return held.release();
    },
  };
}

function expectSuccess(finished: Finished, what: string, hint?: string): void {
  if (finished.status !== 0) throw failure(finished, what, hint);
}

function failure({ status, errors }: Finished, what: string, hint?: string): Fault {
  return faultOf(printedError(errors, errors.trim() || `exit status ${status}`), what, hint);
}
