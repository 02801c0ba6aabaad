import { isErrno } from '../../../ports/errno.ts';
import { namedArgument } from './btrfs-calls.ts';
import { flags, type Ioctl, requests, withDirectory, writeNumber } from './ioctl.ts';
import { type Nested, nestedIn, pathOfNested } from './nested-subvolumes.ts';
import { subvolumeId } from './subvolume-id.ts';

/**
 * Deletes a subvolume with all that lie in it, which its user may have made, deepest first. Those are named by their
 * numbers alone, since their paths lead through directories that somebody may be changing at this moment.
 */
export async function removeSubvolume(ioctl: Ioctl, directory: string, name: string): Promise<void> {
  await withDirectory(directory, async (fd) => {
    const attempt = () => ioctl(fd, requests.deleteSubvolume, namedArgument(name));
    try {
      await attempt();
    } catch (error) {
      if (!isErrno(error, 'ENOTEMPTY')) throw error;
      const path = `${directory}/${name}`;
      await withDirectory(path, async (opened) => emptySubvolume(ioctl, { fd: opened, path }));
      await attempt();
    }
  });
}

interface Opened {
  readonly fd: number;
  readonly path: string;
}

/** Deletes what lies in an open subvolume. A read-only one gives nothing away, so it is made writable first. */
async function emptySubvolume(ioctl: Ioctl, { fd, path }: Opened): Promise<void> {
  await ioctl(fd, requests.setFlags, Buffer.alloc(8));
  for (const nested of await nestedIn(ioctl, fd, await subvolumeId(ioctl, fd))) {
    try {
      await removeById(ioctl, fd, nested.id);
    } catch (error) {
      if (!isErrno(error, 'ENOTEMPTY')) throw error;
      await emptyNested(ioctl, { fd, path }, nested);
      await removeById(ioctl, fd, nested.id);
    }
  }
}

async function emptyNested(ioctl: Ioctl, { fd, path }: Opened, nested: Nested): Promise<void> {
  const place = `${path}/${await pathOfNested(ioctl, fd, nested)}`;
  await withDirectory(place, async (opened) => {
    if ((await subvolumeId(ioctl, opened)) !== nested.id)
      throw new Error(`${place}: has just become another subvolume`);
    await emptySubvolume(ioctl, { fd: opened, path: place });
  });
}

/** struct btrfs_ioctl_vol_args_v2; since Linux 5.7 */
function removeById(ioctl: Ioctl, fd: number, id: number): Promise<void> {
  const argument = Buffer.alloc(4096);
  writeNumber(argument, flags.byId, 16);
  writeNumber(argument, id, 56);
  return ioctl(fd, requests.deleteSubvolumeV2, argument);
}
