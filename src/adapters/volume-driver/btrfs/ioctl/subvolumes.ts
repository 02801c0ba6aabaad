import { isErrno } from '../../../../ports/errno.ts';
import { flags, type Ioctl, nameArgument, readNumber, requests, withDirectory, writeNumber } from './ioctl.ts';
import { createSearchBuffer, searchOnce, searchTree } from './search-tree.ts';

/** The inode number of every subvolume's root directory. */
export const rootInode = 256;

/** The id of the subvolume that an open directory belongs to. */
export async function subvolumeId(ioctl: Ioctl, fd: number): Promise<number> {
  return readNumber(await lookUp(ioctl, fd, rootInode), 0);
}

/** Looks an inode of the open directory's subvolume up: struct btrfs_ioctl_ino_lookup_args */
async function lookUp(ioctl: Ioctl, fd: number, inode: number): Promise<Buffer> {
  const argument = Buffer.alloc(4096);
  writeNumber(argument, inode, 8);
  await ioctl(fd, requests.lookUpInode, argument);
  return argument;
}

/** A subvolume that is in another. */
interface Nested {
  readonly id: number;
  /** inode number of the directory that it is in */
  readonly directory: number;
  readonly name: Buffer;
}

const rootTree = 1;
const rootReference = 156;

/** The subvolumes in a subvolume, but not in another one there. `fd` is any open directory of the file system. */
async function nestedIn(ioctl: Ioctl, fd: number, id: number): Promise<readonly Nested[]> {
  const found: Nested[] = [];
  const from = { object: id, type: rootReference, offset: 0 };
  const search = { tree: rootTree, from, to: { ...from, offset: Infinity }, since: 0 };
  // struct btrfs_root_ref
  await searchTree(ioctl, fd, search, ({ offset }, data) => {
    const length = data.readUInt16LE(16);
    found.push({ id: offset, directory: readNumber(data, 0), name: Buffer.from(data.subarray(18, 18 + length)) });
  });
  return found;
}

/** The path of a nested subvolume, relative to the one that it is in, which is open. */
async function pathOfNested(ioctl: Ioctl, fd: number, { directory, name }: Nested): Promise<string> {
  const argument = await lookUp(ioctl, fd, directory);
  // The directory's path, with a slash at its end; '' for the root.
  return asText(Buffer.concat([argument.subarray(16, argument.indexOf(0, 16)), name]));
}

/** A name that is not UTF-8 must not turn into another one. */
function asText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`a subvolume inside has a name that is not UTF-8: ${bytes.toString('latin1')}`);
  }
}

/** Relative paths of all subvolumes in an open one at any depth, each after the one that it is in. */
export async function nestedPaths(ioctl: Ioctl, path: string, fd: number): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const nested of await nestedIn(ioctl, fd, await subvolumeId(ioctl, fd))) {
    const inside = await pathOfNested(ioctl, fd, nested);
    const absolute = `${path}/${inside}`;
    const deeper = await withDirectory(absolute, (opened) => nestedPaths(ioctl, absolute, opened));
    paths.push(inside, ...deeper.map((below) => `${inside}/${below}`));
  }
  return paths;
}

/** Source: linux/btrfs_tree.h, BTRFS_ORPHAN_OBJECTID and BTRFS_ORPHAN_ITEM_KEY */
const orphans = { object: -5, type: 48 };

/** Ids of the deleted subvolumes that still hold space. `fd` is any open directory of the file system. */
export async function deletedSubvolumes(ioctl: Ioctl, fd: number): Promise<readonly number[]> {
  const buffer = createSearchBuffer(16 << 10);
  const found: number[] = [];
  const to = { ...orphans, offset: Infinity };
  for (let offset = 0; ; ) {
    const search = { tree: rootTree, from: { ...orphans, offset }, to, since: 0, buffer };
    const met = await searchOnce(ioctl, fd, search, (key) => void found.push(key.offset));
    if (met === undefined) return found;
    offset = met.offset + 1;
  }
}

/**
 * Deletes a subvolume with all those in it, which its user may have created, deepest first. Those are named only by their ids,
 * since another process may be changing the directories on their paths at this moment.
 */
export async function removeSubvolume(ioctl: Ioctl, directory: string, name: string): Promise<void> {
  await withDirectory(directory, async (fd) => {
    const path = `${directory}/${name}`;
    await emptiedFirst(
      () => ioctl(fd, requests.deleteSubvolume, nameArgument(name)),
      () => withDirectory(path, (opened) => emptySubvolume(ioctl, { fd: opened, path })),
    );
  });
}

/** Repeats a deletion after `empty` if there are subvolumes inside. */
async function emptiedFirst(remove: () => Promise<void>, empty: () => Promise<void>): Promise<void> {
  try {
    await remove();
  } catch (error) {
    if (!isErrno(error, 'ENOTEMPTY')) throw error;
    await empty();
    await remove();
  }
}

interface Opened {
  readonly fd: number;
  readonly path: string;
}

/** Deletes what is in an open subvolume. Nothing can be deleted from a read-only one, so it is made writable first. */
async function emptySubvolume(ioctl: Ioctl, { fd, path }: Opened): Promise<void> {
  await ioctl(fd, requests.setFlags, Buffer.alloc(8));
  for (const nested of await nestedIn(ioctl, fd, await subvolumeId(ioctl, fd)))
    await emptiedFirst(
      () => removeById(ioctl, fd, nested.id),
      () => emptyNested(ioctl, { fd, path }, nested),
    );
}

async function emptyNested(ioctl: Ioctl, { fd, path }: Opened, nested: Nested): Promise<void> {
  const absolute = `${path}/${await pathOfNested(ioctl, fd, nested)}`;
  await withDirectory(absolute, async (opened) => {
    if ((await subvolumeId(ioctl, opened)) !== nested.id)
      throw new Error(`${absolute}: has just become another subvolume`);
    await emptySubvolume(ioctl, { fd: opened, path: absolute });
  });
}

/** struct btrfs_ioctl_vol_args_v2; since Linux 5.7 */
function removeById(ioctl: Ioctl, fd: number, id: number): Promise<void> {
  const argument = Buffer.alloc(4096);
  writeNumber(argument, flags.byId, 16);
  writeNumber(argument, id, 56);
  return ioctl(fd, requests.deleteSubvolumeV2, argument);
}
