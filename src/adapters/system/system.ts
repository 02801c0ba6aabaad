import { closeSync, constants, existsSync, fstatSync, openSync, statSync } from 'node:fs';
import { isErrno } from '../../ports/errno.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import { shareRuns } from '../../ports/promises.ts';
import type { Lock, System } from '../../ports/system.ts';
import { type NativeCalls, nativeCalls } from './native-calls.ts';

/** The System of this machine. Throws a Fault (`unsupported`) if native calls can't be loaded. */
export function createSystem(): System {
  const calls = nativeCalls();
  return {
    now: calls.realtime,
    uptime: () => Number(calls.boottime() / 1_000_000n),
    preallocate: (fd, offset, bytes) => {
      try {
        calls.fallocate(fd, offset, bytes);
      } catch (error) {
        const hint = 'use a file system that can reserve blocks: ext4, xfs or btrfs';
        throw faultOf(error, `reserving ${bytes} bytes at ${offset}`, hint);
      }
    },
    syncFileSystem: shareRuns((path) => flush(calls, path)),
    writeData: calls.syncRange,
    lock: async (path) => lock(calls, path),
    notify: (state) => notify(calls, state),
  };
}

/** The kernel reports a writeback error once to each open file: a file opened anew reports one that was not reported before. */
async function flush(calls: NativeCalls, path: string): Promise<void> {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    await calls.syncfs(fd);
  } catch (error) {
    throw faultOf(error, `flush of ${path}`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function lock(calls: NativeCalls, path: string): Lock | undefined {
  for (;;) {
    const fd = openLockFile(path);
    try {
      if (!calls.flock(fd)) {
        closeSync(fd);
        return undefined;
      }
    } catch (error) {
      closeSync(fd);
      throw faultOf(error, `lock ${path}`, 'use a file system with advisory locks');
    }
    if (isStill(path, fd)) return createLock(fd);
    closeSync(fd);
  }
}

function openLockFile(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    // An advisory lock only needs an open file.
    if (isErrno(error, 'EROFS') && existsSync(path)) return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    throw faultOf(error, `lock ${path}`, 'the lock must be a plain file in a writable directory');
  }
}

/** Whether the path still names the open file: a lock on a file that was replaced in between locks nothing. */
function isStill(path: string, fd: number): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  const own = fstatSync(fd);
  return found !== undefined && found.ino === own.ino && found.dev === own.dev;
}

function createLock(fd: number): Lock {
  let held = true;
  return {
    release: async () => {
      if (held) closeSync(fd);
      held = false;
    },
  };
}

async function notify(calls: NativeCalls, state: string): Promise<void> {
  const socket = process.env.NOTIFY_SOCKET;
  if (socket === undefined || socket === '') return;
  const address = unixAddress(socket);
  if (address === undefined)
    throw new Fault('misuse', `NOTIFY_SOCKET ${socket}: not a unix socket's address`, {
      hint: `it must be an absolute path or begin with @, ${maxAddress} bytes at most`,
    });
  await calls.sendDatagram(address, Buffer.from(state)).catch((error) => {
    throw faultOf(error, `NOTIFY_SOCKET ${socket}`, 'is the service manager listening there?');
  });
}

const unixFamily = 1;
const maxAddress = 107;

/**
 * A sockaddr_un, little-endian, for a path or, with a leading @, for an abstract name. Undefined for anything else, and for
 * what is too long. Source: unix(7).
 */
export function unixAddress(name: string): Buffer | undefined {
  const path = Buffer.from(name);
  if (path.length < 2 || path.length > maxAddress || !/^[/@]/.test(name)) return undefined;
  const head = Buffer.from([unixFamily, 0]);
  if (name.startsWith('/')) return Buffer.concat([head, path, Buffer.alloc(1)]);
  // An abstract name begins with a zero byte and ends with the address.
  path[0] = 0;
  return Buffer.concat([head, path]);
}
