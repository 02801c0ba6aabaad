import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, statfsSync, symlinkSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isFull } from '../../src/ports/fault.ts';
import { createLoop, type Loop, type LoopOptions, type LoopType } from '../support/loop.ts';
import { type Missing, requireFileSystem } from '../support/requirements.ts';
import { type DriverUnderTest, driversUnderTest } from './drivers.ts';

/** A file system for tests to fill, and the driver on it. */
export interface SmallDisk {
  readonly driver: DriverUnderTest;
  readonly type: LoopType;
  readonly needs: readonly Missing[];
  make(options?: LoopOptions): Loop;
  /** Uses up all free space: blocks, and metadata for files without blocks. May be called again. */
  fill(loop: Loop): void;
}

const typeOf = { overlay: 'ext4', btrfs: 'btrfs' } as const;
const smallest = { ext4: 48, btrfs: 128 } as const;

export const smallDisks: readonly SmallDisk[] = driversUnderTest.map(smallDiskFor);

export function smallDiskFor(driver: DriverUnderTest): SmallDisk {
  const type = typeOf[driver.name];
  return {
    driver,
    type,
    needs: [...driver.needs, requireFileSystem(type)],
    make: ({ megabytes = smallest[type] } = {}) =>
      createLoop(type, { megabytes, ...(type === 'ext4' && { format: ['-m', '0'] }) }),
    fill: (loop) => {
      fillBlocks(loop);
      if (type === 'btrfs') fillMetadata(loop);
      execFileSync('sync', ['--file-system', loop.path]);
    },
  };
}

export const bytesFree = ({ path }: Loop): number => {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
};

let files = 0;
/** the folder of the filler files */
export const fillers = 'fillers';
const newFile = ({ path }: Pick<Loop, 'path'>) => {
  mkdirSync(join(path, fillers), { recursive: true });
  return join(path, fillers, `filler-${files++}`);
};

/** Runs `action` until the disk is full. */
function untilFull(action: () => void): void {
  try {
    for (;;) action();
  } catch (error) {
    if (!isFull(error)) throw error;
  }
}

/** Uses up every free block. */
export function fillBlocks(loop: Pick<Loop, 'path'>): void {
  let fd: number | undefined;
  untilFull(() => {
    fd ??= openSync(newFile(loop), 'w');
    writeSync(fd, Buffer.alloc(1 << 20));
  });
  if (fd === undefined) return;
  const file = fd;
  for (let bytes = 1 << 19; bytes >= 1; bytes /= 2) untilFull(() => void writeSync(file, Buffer.alloc(bytes)));
  closeSync(file);
}

/** Uses up the metadata for files without blocks: symbolic links with long targets, then empty files. */
export function fillMetadata(loop: Pick<Loop, 'path'>): void {
  const target = '-'.repeat(3900);
  untilFull(() => symlinkSync(target, newFile(loop)));
  untilFull(() => writeFileSync(newFile(loop), ''));
}

/** Files with their content in btrfs's metadata, about eight per block. */
export function writeSmallFiles(layer: string, count: number): void {
  for (let n = 0; n < count; n++) writeFileSync(join(layer, `small-${n}`), Buffer.alloc(1800));
}

/**
 * Touches such files in snapshots that share them, until that fails too: each changed metadata block is copied, and one block
 * is the smallest allocation.
 */
export function useUpMetadata({ path }: Loop, layers: readonly string[], count: number): void {
  let failed = 0;
  for (const layer of layers)
    for (let n = 0; n < count; n += 6)
      try {
        utimesSync(join(layer, `small-${n}`), n, n);
        failed = 0;
      } catch (error) {
        if (!isFull(error)) throw error;
        // Space freed by the last changes is usable after a flush.
        execFileSync('sync', ['--file-system', path]);
        if (++failed > 5) return;
      }
  throw new Error('there is metadata left');
}

/** A btrfs subvolume with this limit, metadata included, in the syntax of `btrfs qgroup limit`. */
export function limitedSubvolume({ path }: Loop, size: string): string {
  const limited = join(path, 'limited');
  execFileSync('btrfs', ['quota', 'enable', path]);
  execFileSync('btrfs', ['subvolume', 'create', limited]);
  execFileSync('btrfs', ['qgroup', 'limit', size, limited]);
  return limited;
}

/** Uses up the quota, including what a commit of the file system frees. */
export function fillQuota(limited: string): void {
  for (let n = 0; n < 3; n++) {
    fillBlocks({ path: limited });
    fillMetadata({ path: limited });
    execFileSync('sync', ['--file-system', limited]);
  }
}
