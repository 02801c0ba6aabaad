import { lstatSync } from 'node:fs';
import { Fault } from '../../../ports/fault.ts';
import { rootInode } from './subvolume-id.ts';

/** Whether a path of a btrfs file system is a subvolume: a symbolic link to one is none. */
export function isSubvolume(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.ino === rootInode;
}

/** Throws a Fault (`io`) where it is none. */
export function expectSubvolume(path: string, what: string): void {
  if (isSubvolume(path)) return;
  throw new Fault('io', `${what} ${path} is missing`, { hint: '`snapledger verify` lists what the disk lacks' });
}
