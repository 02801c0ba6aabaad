import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

export type LoopType = 'ext4' | 'xfs' | 'btrfs';

export interface LoopOptions {
  /** of the image file, which is sparse; default: the minimum of the file system */
  readonly megabytes?: number;
  /** added for mkfs */
  readonly format?: readonly string[];
  /** added for mount -o */
  readonly mount?: readonly string[];
}

/** A file system of its own in a file. */
export interface Loop {
  /** the mount point */
  readonly path: string;
  /** the file that holds it */
  readonly image: string;
  readonly device: string;
  mount(): void;
  unmount(): void;
  /** Cuts the power: nothing that is not on stable storage survives. ext4 and xfs only; ends with `unmount` and `mount`. */
  cutPower(): void;
  /** Unmounts, detaches, deletes. */
  end(): void;
}

const smallest: Readonly<Record<LoopType, number>> = { ext4: 64, xfs: 320, btrfs: 128 };
const quiet: Readonly<Record<LoopType, readonly string[]>> = {
  ext4: ['-q', '-E', 'lazy_itable_init=0,lazy_journal_init=0'],
  xfs: ['-q'],
  btrfs: ['-q'],
};

/** Makes a file system in a sparse file and mounts it. `end` leaves nothing behind. */
export function createLoop(type: LoopType, options: LoopOptions = {}): Loop {
  const folder = mkdtempSync(join(tmpdir(), `snapledger-${type}-`));
  const image = join(folder, 'image');
  const path = join(folder, 'mounted');
  let device = '';
  let mounted = false;
  let cut = false;
  const loop: Omit<Loop, 'device'> = {
    path,
    image,
    mount: () => {
      if (cut) expectReleased(type, device);
      cut = false;
      execFileSync('mount', ['-t', type, ...mountFlags(options), device, path]);
      mounted = true;
    },
    unmount: () => {
      if (mounted) execFileSync('umount', [path]);
      mounted = false;
    },
    cutPower: () => {
      execFileSync('xfs_io', ['-x', '-c', 'shutdown', path]);
      cut = true;
    },
    end: () => {
      if (mounted) execFileSync('umount', ['--lazy', path]);
      mounted = false;
      if (device !== '') execFileSync('losetup', ['--detach', device]);
      device = '';
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    mkdirSync(path);
    writeFileSync(image, '');
    truncateSync(image, (options.megabytes ?? smallest[type]) * 2 ** 20);
    execFileSync(`mkfs.${type}`, [...quiet[type], ...(options.format ?? []), image]);
    device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim();
    loop.mount();
  } catch (error) {
    loop.end();
    throw error;
  }
  return { ...loop, device };
}

/**
 * Waits until the kernel has released the file system. Mount namespaces of another test hold it for a moment, and a mount would
 * then still show it as shut down.
 */
function expectReleased(type: LoopType, device: string): void {
  const held = `/sys/fs/${type}/${basename(device)}`;
  for (let looks = 0; existsSync(held); looks++) {
    if (looks === 12_000) throw new Error(`${held}: something still holds the file system after two minutes`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
  }
}

const mountFlags = ({ mount = [] }: LoopOptions): readonly string[] =>
  mount.length > 0 ? ['-o', mount.join(',')] : [];
