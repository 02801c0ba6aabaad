import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, renameSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { createLoop } from '../../support/loop.ts';
import type { Sandbox } from '../../support/sandbox.ts';
import { waitFor } from '../../support/wait-for.ts';

/** The place of a root: a directory of this machine, or a file system of its own whose power can be cut. */
export interface Disk {
  readonly root: string;
  /**
   * Cuts the power: what is not on stable storage is gone. `flushed`: the file system's own log still gets to the disk, so
   * that names and sizes survive whose data does not. Ends with `restore`, when nothing uses the file system any more. Who is
   * at work must be stopped before: no machine gives an answer after its power is gone, but a copied file system still takes
   * what is written, and one that was shut down may confirm a flush that its shutdown came upon.
   */
  readonly cut?: (flushed: boolean) => void;
  readonly restore?: () => Promise<void>;
  /** After a cut a removed name may be there again, as a file of something else: what is then quarantined is no finding. */
  readonly revivesNames?: true;
}

export const diskKinds = ['directory', 'xfs', 'ext4', 'ext4-no-journal', 'btrfs'] as const;
export type DiskKind = (typeof diskKinds)[number];

/** Creates a disk that is deleted with the sandbox. */
export function createDisk(sandbox: Sandbox, kind: DiskKind): Disk {
  if (kind === 'directory') return { root: join(sandbox.path, 'root') };
  return kind === 'xfs' || kind === 'ext4' ? shutDownDisk(sandbox, kind) : copiedDisk(sandbox, copied[kind]);
}

function shutDownDisk(sandbox: Sandbox, type: 'xfs' | 'ext4'): Disk {
  const loop = createLoop(type, { megabytes: 512 });
  sandbox.atEnd(() => loop.end());
  return {
    root: join(loop.path, 'root'),
    cut: (flushed) => void execFileSync('xfs_io', ['-x', '-c', flushed ? 'shutdown -f' : 'shutdown', loop.path]),
    restore: () =>
      mountAnew(loop.path, () => {
        loop.unmount();
        loop.mount();
      }),
  };
}

/**
 * A mount namespace that some other process has made since holds the old mount as well, and as long as it does, a new one
 * only shows the file system that was shut down.
 */
async function mountAnew(path: string, mount: () => void): Promise<void> {
  await waitFor(`${path} to be mounted again`, () => {
    mount();
    try {
      // A directory may still be cached: only a new file proves that the disk works.
      mkdtempSync(join(path, 'alive-'));
      for (const name of readdirSync(path)) if (name.startsWith('alive-')) rmdirSync(join(path, name));
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EIO') return false;
      throw error;
    }
  });
}

interface Copied {
  readonly format: readonly [string, ...string[]];
  readonly revivesNames?: true;
  /** repairs the image before it is mounted */
  readonly repair?: (image: string) => void;
}

/** As a machine checks such a file system at its next start. */
function checkExt4(image: string): void {
  const { status, stdout } = spawnSync('e2fsck', ['-f', '-y', image], { encoding: 'utf8' });
  // 1: errors were corrected.
  if (status !== 0 && status !== 1) throw new Error(`e2fsck ended with ${status}: ${stdout}`);
}

const copied = {
  btrfs: { format: ['mkfs.btrfs', '-q'] },
  'ext4-no-journal': { format: ['mkfs.ext4', '-q', '-O', '^has_journal'], repair: checkExt4, revivesNames: true },
} as const satisfies Readonly<Record<string, Copied>>;

/**
 * btrfs can't be shut down, and ext4 without a journal writes its metadata all the same: at the cut the image is cloned atomically
 * by xfs, and the clone replaces it.
 */
function copiedDisk(sandbox: Sandbox, { format: [mkfs, ...flags], repair, ...traits }: Copied): Disk {
  const outer = createLoop('xfs', { megabytes: 2000, format: ['-m', 'reflink=1'] });
  sandbox.atEnd(() => outer.end());
  const image = join(outer.path, 'image');
  const copy = join(outer.path, 'copy');
  const mounted = sandbox.folder('mounted');
  const mount = () => execFileSync('mount', ['-o', 'loop', image, mounted]);
  execFileSync('truncate', ['--size', '1G', image]);
  execFileSync(mkfs, [...flags, image]);
  mount();
  sandbox.atEnd(() => void execFileSync('umount', ['--lazy', mounted]));
  return {
    ...traits,
    root: join(mounted, 'root'),
    cut: () => void execFileSync('cp', ['--reflink=always', image, copy]),
    restore: async () => {
      execFileSync('umount', [mounted]);
      renameSync(copy, image);
      repair?.(image);
      mount();
    },
  };
}
