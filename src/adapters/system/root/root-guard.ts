import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { errnoError, isErrno } from '../../../ports/errno.ts';
import { Fault, faultCode, faultOf } from '../../../ports/fault.ts';
import type { RootGuard } from '../../../ports/root-guard.ts';
import { ext4OptionsFile } from '../file-system.ts';

/** Identifies a directory on this machine, as long as its file system is mounted or in use. */
interface DirectoryIdentity {
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
  /** the mode to create it again with if it is missing; left out for one that the store needs */
  readonly recreated?: number;
}

export interface WatchingGuard extends RootGuard {
  /** Watches directories below the root too. Throws a Fault if one is missing and not recreated, or is no directory. */
  watch(directories: readonly Watched[]): void;
  /** Closes the directories. */
  close(): void;
}

/** milliseconds that an answer is valid: as much passes between a check and the work after it */
const validFor = 1;
/** milliseconds between two full checks: others only compare device and inode of the directories that the store needs */
const fullCheckEvery = 500;

interface Known extends DirectoryIdentity, Watched {
  readonly path: string;
  /** held open, so that no other directory gets its inode when it is deleted */
  readonly fd: number;
}

const hint =
  'something was mounted over it, or it was unmounted, moved or deleted: restore the right one, and the daemon continues by itself';

/** Records the identity of the root that is present now. Throws a Fault if there is none. */
export function createRootGuard(root: string): WatchingGuard {
  let known: readonly Known[] = [identified(root, { name: '' })];
  let at = Number.NEGATIVE_INFINITY;
  let fullAt = Number.NEGATIVE_INFINITY;
  let fault: Fault | undefined;
  const options = ext4OptionsFile(root);
  const inspect = (full: boolean) => {
    for (const [index, directory] of known.entries()) {
      if (!full && directory.recreated !== undefined) continue;
      const wrong = changed(root, directory, full || index === 0);
      if (wrong === undefined) continue;
      // Nothing may be created below another root.
      if (index === 0 || directory.recreated === undefined || !wrong.missing) return wrong.fault;
      closeSync(directory.fd);
      known = known.with(index, identified(root, directory));
    }
    if (full && hasFailed(options))
      return faultOf(errnoError('EROFS', 'ext4 refuses all writes after an error'), `root ${root}`);
    return undefined;
  };
  const inspectNow = (full: boolean) => {
    fault = inspectSafely(() => inspect(full), root);
    at = performance.now();
    if (full) fullAt = at;
    return fault;
  };
  const check = () => {
    const now = performance.now();
    if (now - at < validFor) return fault;
    return inspectNow(fault !== undefined || now - fullAt >= fullCheckEvery);
  };
  return {
    check,
    checkNow: () => inspectNow(fault !== undefined),
    checkFully: () => inspectNow(true),
    watch: (directories) => {
      known = [...known, ...directories.map((directory) => identified(root, directory))];
      at = fullAt = Number.NEGATIVE_INFINITY;
    },
    close: () => {
      for (const { fd } of known) closeSync(fd);
      known = [];
    },
  };
}

function inspectSafely(inspect: () => Fault | undefined, root: string): Fault | undefined {
  try {
    return inspect();
  } catch (error) {
    return faultOf(error, `root ${root}`);
  }
}

function identified(root: string, { name, recreated }: Watched): Known {
  const path = name === '' ? root : `${root}/${name}`;
  const about = titleOf(root, name);
  try {
    if (recreated !== undefined && statSync(path, { throwIfNoEntry: false }) === undefined) mkdirSync(path, recreated);
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
    return { ...directoryIdentity(path), path, name, fd, ...(recreated !== undefined && { recreated }) };
  } catch (error) {
    if (!isErrno(error, 'ENOTDIR')) throw faultOf(error, about);
    throw new Fault('misuse', `${about}: is not a directory`, { hint: 'move it out of the way' });
  }
}

/** The fault of a directory that was replaced or removed; undefined if it is unchanged. */
function changed(
  root: string,
  { path, name, device, inode }: Known,
  writing: boolean,
): { fault: Fault; missing: boolean } | undefined {
  const about = titleOf(root, name);
  try {
    const found = directoryIdentity(path);
    if (found.device !== device || found.inode !== inode) {
      const text = `${about}: is not the directory that was opened`;
      return { fault: new Fault('stale', text, { hint }), missing: false };
    }
    if (writing) accessSync(path, constants.W_OK);
    return undefined;
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'ENOTDIR')) return { fault: faultOf(error, about), missing: false };
    return { fault: new Fault('stale', `${about}: does not exist any more`, { hint, cause: error }), missing: true };
  }
}

/**
 * Whether ext4 refuses all writes after an error (`errors=remount-ro`): since Linux 6.15 the mount then stays read-write, and the
 * file of its options has a line more.
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

const titleOf = (root: string, name: string) => `root ${root}${name === '' ? '' : `: ${name}`}`;
