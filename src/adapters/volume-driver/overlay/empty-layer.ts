import { chmodSync, chownSync, lstatSync, readdirSync } from 'node:fs';
import type { EmptyLayer } from '../../../../events/codecs.ts';
import type { FileCalls } from '../../../ports/system.ts';
import { makeDirectory } from '../shared/directories.ts';

/** A directory of more bytes than this is not read on the main thread, and counts as not empty. */
const smallDirectory = 4096;

/** Whether a directory of that size is known to hold nothing. */
export const holdsNothing = (path: string, size: number | bigint): boolean =>
  size <= smallDirectory && readdirSync(path).length === 0;

/** What a mount leaves at the root of its upper directory. It has no meaning in a lower one. */
const ofMounts = /^(trusted|user)\.overlay\.(uuid|impure|origin)$/;
const seLinux = 'security.selinux';

/**
 * Describes the layer in `<directory>/fs` if it is an empty directory that `createEmptyLayer` can create again: without extended
 * attributes but those that every new one has. Undefined for any other. Changes nothing.
 */
export function describeEmptyLayer(
  directory: string,
  { xattrs, xattr }: Pick<FileCalls, 'xattrs' | 'xattr'>,
): EmptyLayer | undefined {
  const path = `${directory}/fs`;
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stats?.isDirectory() || stats.mtimeNs < 0n || !holdsNothing(path, stats.size)) return undefined;
  const [layer, above] = [Buffer.from(path), Buffer.from(directory)];
  const isInherited = (name: string) =>
    name === seLinux && xattrs(above).includes(name) && xattr(layer, name).equals(xattr(above, name));
  if (!xattrs(layer).every((name) => ofMounts.test(name) || isInherited(name))) return undefined;
  return { uid: Number(stats.uid), gid: Number(stats.gid), mode: Number(stats.mode & 0o7777n), mtime: stats.mtimeNs };
}

/** Creates the layer in `<directory>/fs` as it was described. Nothing may be there. */
export function createEmptyLayer(
  directory: string,
  { uid, gid, mode, mtime }: EmptyLayer,
  { setTimes }: Pick<FileCalls, 'setTimes'>,
): void {
  const path = `${directory}/fs`;
  makeDirectory(directory, 0o700);
  makeDirectory(path, 0o755);
  chownSync(path, uid, gid);
  chmodSync(path, mode);
  setTimes(Buffer.from(path), mtime, mtime);
}
