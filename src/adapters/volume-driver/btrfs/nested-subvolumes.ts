import { type Ioctl, readNumber, withDirectory } from './ioctl.ts';
import { searchTree } from './search-tree.ts';
import { directoryPath, subvolumeId } from './subvolume-id.ts';

/** A subvolume that lies in another. */
export interface Nested {
  readonly id: number;
  /** inode number of the directory that it lies in */
  readonly directory: number;
  readonly name: Buffer;
}

const rootTree = 1;
const rootReference = 156;

/** The subvolumes that lie in a subvolume, but not in another one there. `fd` is any open directory of the file system. */
export async function nestedIn(ioctl: Ioctl, fd: number, id: number): Promise<readonly Nested[]> {
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

/** The path of a nested subvolume, relative to the one that it lies in, which is open. */
export async function pathOfNested(ioctl: Ioctl, fd: number, { directory, name }: Nested): Promise<string> {
  const above = await directoryPath(ioctl, fd, { tree: 0, inode: directory });
  return asText(Buffer.concat([above, name]));
}

/** Relative paths of all subvolumes in an open one at any depth, each after the one that it is in. */
export async function nestedPaths(ioctl: Ioctl, path: string, fd: number): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const nested of await nestedIn(ioctl, fd, await subvolumeId(ioctl, fd))) {
    const inside = await pathOfNested(ioctl, fd, nested);
    const whole = `${path}/${inside}`;
    const deeper = await withDirectory(whole, (opened) => nestedPaths(ioctl, whole, opened));
    paths.push(inside, ...deeper.map((below) => `${inside}/${below}`));
  }
  return paths;
}

/** A name that is no UTF-8 must not turn into another one. */
function asText(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error(`a subvolume inside has a name that is not UTF-8: ${bytes.toString('latin1')}`);
  }
}
