import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { errnoError, isErrno } from '../../../ports/errno.ts';
import { Fault, faultCode, faultOf } from '../../../ports/fault.ts';
import type { RootGuard } from '../../../ports/root-guard.ts';
import { blockDeviceOf } from '../files/block-device.ts';

/** What tells a directory from every other one of this machine, as long as its file system is mounted or in use. */
export interface DirectoryIdentity {
  readonly device: bigint;
  readonly inode: bigint;
}

/** The identity of the directory at a path, symbolic links followed. Throws the system's error. */
export function directoryIdentity(path: string): DirectoryIdentity {
  const { dev, ino } = statSync(path, { bigint: true });
  return { device: dev, inode: ino };
}

/** A directory below the root. */
export interface Watched {
  readonly name: string;
  /** the mode to make it with where it is missing, for one that the store can do without; left out, the store can't */
  readonly remade?: number;
}

export interface WatchingGuard extends RootGuard {
  /** Takes note of directories below the root. Throws a Fault where one is missing that is not remade, or is no directory. */
  watch(directories: readonly Watched[]): void;
  /** Lets the directories go. */
  close(): void;
}

/** milliseconds that an answer holds: as much passes between a check and what is then done */
const holds = 1;
/** milliseconds between two looks at everything: others look at device and inode of what the store can't do without, alone */
const wholeEvery = 500;

interface Known extends DirectoryIdentity, Watched {
  readonly path: string;
  /** held open, so that no other directory gets its inode when it is deleted */
  readonly fd: number;
}

const hint =
  'something was mounted over it, or it was unmounted, moved or deleted: bring the right one back, and the daemon goes on by itself';

/** Remembers the root that is there now. Throws a Fault where none is. */
export function createRootGuard(root: string): WatchingGuard {
  let known: readonly Known[] = [identified(root, { name: '' })];
  let at = Number.NEGATIVE_INFINITY;
  let wholeAt = Number.NEGATIVE_INFINITY;
  let fault: Fault | undefined;
  const options = ext4Options(root);
  const look = (whole: boolean) => {
    for (const [index, directory] of known.entries()) {
      if (!whole && directory.remade !== undefined) continue;
      const wrong = changed(root, directory, whole || index === 0);
      if (wrong === undefined) continue;
      // Below another root nothing may be made.
      if (index === 0 || directory.remade === undefined || !wrong.missing) return wrong.fault;
      closeSync(directory.fd);
      known = known.with(index, identified(root, directory));
    }
    if (whole && hasFailed(options))
      return faultOf(errnoError('EROFS', 'ext4 took an error for the end of all writing'), `root ${root}`);
    return undefined;
  };
  const lookNow = (whole: boolean) => {
    fault = lookSafely(() => look(whole), root);
    at = performance.now();
    if (whole) wholeAt = at;
    return fault;
  };
  const check = () => {
    const now = performance.now();
    if (now - at < holds) return fault;
    return lookNow(fault !== undefined || now - wholeAt >= wholeEvery);
  };
  return {
    check,
    checkAnew: () => lookNow(true),
    watch: (directories) => {
      known = [...known, ...directories.map((directory) => identified(root, directory))];
      at = wholeAt = Number.NEGATIVE_INFINITY;
    },
    close: () => {
      for (const { fd } of known) closeSync(fd);
      known = [];
    },
  };
}

function lookSafely(look: () => Fault | undefined, root: string): Fault | undefined {
  try {
    return look();
  } catch (error) {
    return faultOf(error, `root ${root}`);
  }
}

function identified(root: string, { name, remade }: Watched): Known {
  const path = name === '' ? root : `${root}/${name}`;
  const about = titleOf(root, name);
  try {
    if (remade !== undefined && statSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, remade);
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    return { ...directoryIdentity(path), path, name, fd, ...(remade !== undefined && { remade }) };
  } catch (error) {
    if (!isErrno(error, 'ENOTDIR')) throw faultOf(error, about);
    throw new Fault('misuse', `${about}: is not a directory`, { hint: 'move it out of the way' });
  }
}

/** What is wrong with a directory, if anything. */
function changed(
  root: string,
  { path, name, device, inode }: Known,
  writing: boolean,
): { fault: Fault; missing: boolean } | undefined {
  const about = titleOf(root, name);
  try {
    const found = directoryIdentity(path);
    if (found.device !== device || found.inode !== inode) {
      const text = `${about}: is another directory than the one that was opened`;
      return { fault: new Fault('stale', text, { hint }), missing: false };
    }
    if (writing) accessSync(path, constants.W_OK);
    return undefined;
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) return { fault: faultOf(error, about), missing: false };
    return { fault: new Fault('stale', `${about}: is not there any more`, { hint, cause: error }), missing: true };
  }
}

/**
 * Whether ext4 lets nothing be written any more since it met an error (`errors=remount-ro`): newer kernels (6.15) then leave the mount
 * as it is, and only list it among its options.
 */
function hasFailed(options: string | undefined): boolean {
  if (options === undefined) return false;
  try {
    return /^emergency_ro$/m.test(readFileSync(options, 'utf8'));
  } catch (error) {
    // Without a descriptor nothing can be read, and removals need none.
    if (faultCode(error) !== 'exhausted') throw error;
    return false;
  }
}

/** The file in which the kernel lists the options of a root on ext4. */
function ext4Options(root: string): string | undefined {
  const device = blockDeviceOf(root);
  const file = `/proc/fs/ext4/${device}/options`;
  return device !== undefined && existsSync(file) ? file : undefined;
}

const titleOf = (root: string, name: string) => `root ${root}${name === '' ? '' : `: ${name}`}`;
