import { closeSync, constants, existsSync, fstatSync, openSync, statSync } from 'node:fs';
import { constants as os } from 'node:os';
import { isErrno } from '../../ports/errno.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import type { Lock, System } from '../../ports/system.ts';
import { loadNativeCalls, type NativeCalls } from './native-calls.ts';
import { shareRuns } from './share-runs.ts';
import { systemError } from './system-error.ts';
import { unixAddress } from './unix-address.ts';

/** The System by native calls, or undefined where they can't be loaded. */
export function createNativeSystem(): System | undefined {
  const calls = loadNativeCalls();
  if (calls === undefined) return undefined;
  return {
    name: 'native',
    now: calls.realtime,
    uptime: () => Number(calls.boottime() / 1_000_000n),
    preallocate: (fd, offset, bytes) => {
      const errno = calls.fallocate(fd, offset, bytes);
      if (errno !== 0)
        throw faultOf(
          systemError(errno, 'fallocate'),
          `reserving ${bytes} bytes at ${offset}`,
          'use a file system that can reserve blocks: ext4, xfs or btrfs',
        );
    },
    syncFileSystem: shareRuns((path) => flush(calls, path)),
    lock: async (path) => lock(calls, path),
    notify: (state) => notify(calls, state),
  };
}

/** The kernel tells a writeback error to each open file once: opening anew still shows one that nobody has been told. */
async function flush(calls: NativeCalls, path: string): Promise<void> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw faultOf(error, `flush of ${path}`);
  }
  try {
    const errno = await calls.syncfs(fd);
    if (errno !== 0) throw faultOf(systemError(errno, 'syncfs'), `flush of ${path}`);
  } finally {
    closeSync(fd);
  }
}

function lock(calls: NativeCalls, path: string): Lock | undefined {
  for (;;) {
    const fd = openLockFile(path);
    const errno = calls.flock(fd);
    if (errno === 0 && isStill(path, fd)) return releasing(fd);
    closeSync(fd);
    if (errno === os.errno.EWOULDBLOCK) return undefined;
    if (errno !== 0)
      throw faultOf(systemError(errno, 'flock'), `lock ${path}`, 'use a file system with advisory locks');
  }
}

function openLockFile(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    // An advisory lock needs no more of a file than that it is open.
    if (isErrno(error, 'EROFS') && existsSync(path)) return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    throw faultOf(error, `lock ${path}`, 'the lock must be a plain file in a writable directory');
  }
}

/** Whether the path still names the open file: a lock on a file that was replaced in between holds nothing. */
function isStill(path: string, fd: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const mine = fstatSync(fd);
  return there !== undefined && there.ino === mine.ino && there.dev === mine.dev;
}

function releasing(fd: number): Lock {
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
      hint: 'it must be an absolute path or begin with @, 107 bytes at most',
    });
  const errno = await calls.sendDatagram(address, Buffer.from(state));
  if (errno !== 0)
    throw faultOf(systemError(errno, 'sendto'), `NOTIFY_SOCKET ${socket}`, 'is the service manager listening there?');
}
