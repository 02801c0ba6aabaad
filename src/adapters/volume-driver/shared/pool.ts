import { chownSync, lstatSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { isErrno } from '../../../ports/errno.ts';
import type { Failpoint } from '../../../ports/failpoints.ts';
import { faultOf } from '../../../ports/fault.ts';
import type { FileCalls } from '../../../ports/system.ts';
import type { VolumePool } from '../../../ports/volume-driver.ts';
import { isDirectory, isVacant, makeDirectory, namesIn } from './directories.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The pool as its driver uses it. */
export interface DriverPool extends VolumePool {
  /**
   * Moves a volume to a vacant path; its layer gets this owner first. False if there is none, or it can't be moved there: the caller
   * then creates one, which shows what is wrong.
   */
  take(path: string, owner?: Owner): boolean;
}

interface Setup {
  readonly root: string;
  /** how many volumes there are at most */
  readonly size: number;
  readonly failpoint: Failpoint;
  /** creates the empty layer of a volume; default: a directory */
  readonly makeLayer?: (path: string) => void | Promise<void>;
}

const names = ['fs', 'work'];
const folderIn = (root: string) => `${root}/pool`;

interface Made {
  readonly path: string;
  /** what `seen` returned when it was complete */
  readonly as: string;
}

/**
 * Empty volumes in `ROOT/pool`, named by numbers. A volume is moved out only if its directories are still the ones that were
 * made, unchanged, and its layer is empty. Everything that is deleted is deleted by rmdir, so nothing with content is: that
 * stays for the reconciler, which moves it to quarantine.
 */
export function createVolumePool(setup: Setup): DriverPool {
  const { root, failpoint, makeLayer = (path) => void makeDirectory(path, 0o755) } = setup;
  const made: Made[] = [];
  let { size } = setup;
  let count = 0;
  let partial: { readonly path: string; parts: number } | undefined;
  let filling: Promise<unknown> = Promise.resolve();
  const addPart = async () => {
    if (made.length >= size) return;
    failpoint('pool.fill');
    if (partial === undefined) {
      const path = `${folderIn(root)}/${++count}`;
      if (makeDirectory(path, 0o700)) partial = { path, parts: 0 };
      return;
    }
    const { path } = partial;
    if (partial.parts++ === 0) return await makeLayer(`${path}/fs`);
    makeDirectory(`${path}/work`, 0o711);
    partial = undefined;
    made.push({ path, as: seen(path) });
  };
  const drain = async () => {
    await filling;
    const drained = [...made.splice(0).filter(isAsMade), ...(partial === undefined ? [] : [partial])];
    partial = undefined;
    for (const { path } of drained) removeEmpty(path);
    return drained.length > 0;
  };
  return {
    isFull: () => made.length >= size,
    fill: async () => {
      const adding = addPart();
      filling = adding.catch(() => {});
      try {
        await adding;
      } catch (error) {
        await drain();
        throw faultOf(error, 'volumes made ahead');
      }
    },
    drain,
    take: (path, owner) => {
      for (let next = made.shift(); next !== undefined; next = made.shift()) {
        if (!isAsMade(next)) continue;
        try {
          failpoint('pool.take');
          if (owner !== undefined) chownSync(`${next.path}/fs`, owner.uid, owner.gid);
          renameSync(next.path, path);
        } catch (error) {
          removeEmpty(next.path);
          // Another mount, or a project quota's directory: no move will ever succeed.
          if (isErrno(error, 'EXDEV')) size = 0;
          return false;
        }
        failpoint('pool.taken');
        return true;
      }
      return false;
    },
  };
}

function isAsMade({ path, as }: Made): boolean {
  try {
    // The times of a kernel before 6.13 are a few milliseconds coarse: only a look inside proves that nothing was added.
    return seen(path) === as && readdirSync(`${path}/fs`).length === 0;
  } catch {
    return false;
  }
}

/** Identity and last change of each directory of a volume. Throws the system's error. */
const seen = (path: string): string =>
  ['', '/fs', '/work']
    .map((part) => {
      const { dev, ino, ctimeNs } = lstatSync(path + part, { bigint: true });
      return `${dev} ${ino} ${ctimeNs}`;
    })
    .join();

function removeEmpty(path: string): void {
  for (const part of [...names.map((name) => `${path}/${name}`), path])
    try {
      rmdirSync(part);
    } catch {
      // It is missing, or not empty.
    }
}

/** What a new directory takes over from the one above it. */
const inherited = /^(security\.|system\.posix_acl_default$)/;

/** Whether a new directory has the same security label and access list in the pool as among the volumes. False if that can't be known. */
export function inheritsAlike(root: string, { xattrs, xattr }: Pick<FileCalls, 'xattrs' | 'xattr'>): boolean {
  const inheritedIn = (folder: string) => {
    const path = Buffer.from(folder);
    const names = xattrs(path).filter((name) => inherited.test(name));
    return names.sort().map((name) => [name, xattr(path, name).toString('hex')]);
  };
  try {
    return isDeepStrictEqual(inheritedIn(folderIn(root)), inheritedIn(`${root}/snapshots`));
  } catch {
    return false;
  }
}

/** Deletes what a crash has left of a pool. */
export function clearPool(root: string): void {
  for (const name of namesIn(folderIn(root)))
    if (isDirectory(`${folderIn(root)}/${name}`)) removeEmpty(`${folderIn(root)}/${name}`);
}

/** Names of the entries of a root's pool that are no empty volumes: the driver has not left them so. Those that vanish meanwhile do not count. */
export const foreignInPool = (root: string): readonly string[] =>
  namesIn(folderIn(root)).filter((name) => !isEmptyVolume(`${folderIn(root)}/${name}`));

function isEmptyVolume(path: string): boolean {
  const isEmpty = (part: string) => isVacant(part) || (isDirectory(part) && namesIn(part).length === 0);
  if (!isDirectory(path)) return isVacant(path);
  return namesIn(path).every((name) => names.includes(name) && isEmpty(`${path}/${name}`));
}
