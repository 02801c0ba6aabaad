import { lstatSync } from 'node:fs';
import { compareTrees, type Difference } from '../../shared/layers/compare-trees.ts';

/** More than the resolution of the kernel's clock for times of files. */
const tick = 20_000_000n;

const comparedFields = ['ino', 'mode', 'uid', 'gid', 'rdev', 'size', 'mtimeNs', 'ctimeNs'] as const;

/**
 * Compares a subvolume with the frozen one that it began as a snapshot of, or with nothing. A snapshot keeps inode numbers, and
 * the kernel stamps every change of an inode (ctime): equal numbers and stamps are the same file, unless the stamp is so close
 * to the freeze that a later change could have the same stamp. Such files count as changed. Throws a Fault
 * (`unsupported`) for a character device 0/0, which would be taken for a removal.
 */
export function differenceOf(parent: string | undefined, child: string): Difference {
  // A file on another device (a nested subvolume) is not the same file.
  const deviceOf = (path: string) => lstatSync(path, { bigint: true }).dev;
  const [before, after] = [parent === undefined ? undefined : deviceOf(parent), deviceOf(child)];
  const unchanged: { readonly path: string; readonly changedAt: bigint }[] = [];
  let newest = 0n;
  return compareTrees(
    parent,
    child,
    (path, old, now) => {
      if (old.ctimeNs > newest) newest = old.ctimeNs;
      const isSame =
        old.dev === before && now.dev === after && comparedFields.every((field) => old[field] === now[field]);
      if (isSame) unchanged.push({ path, changedAt: now.ctimeNs });
      return isSame;
    },
    () => unchanged.filter(({ changedAt }) => changedAt >= newest - tick).map(({ path }) => path),
  );
}
