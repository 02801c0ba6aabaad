import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { copyTree } from '../../../../src/adapters/system/copy-tree.ts';
import { createIoctl } from '../../../../src/adapters/system/create-ioctl.ts';
import { createSystem } from '../../../../src/adapters/system/create-system.ts';
import { runCommand } from '../../../../src/adapters/system/run-command.ts';
import type { BtrfsCalls } from '../../../../src/adapters/volume-driver/btrfs/btrfs-calls.ts';
import { createBtrfsDriver } from '../../../../src/adapters/volume-driver/btrfs/btrfs-driver.ts';
import { createBtrfsCalls } from '../../../../src/adapters/volume-driver/btrfs/create-btrfs-calls.ts';
import type { Ballast } from '../../../../src/ports/ballast.ts';
import type { Failpoint } from '../../../../src/ports/failpoints.ts';
import type { DriverBench } from '../../../contract/volume-driver.contract.ts';
import { createLoop, type Loop } from '../../../support/loop.ts';
import { type Missing, requireCommand, requireFileSystem } from '../../../support/requirements.ts';

/** What a test on btrfs needs of the machine. */
export const needsBtrfs: Missing =
  requireFileSystem('btrfs') ?? requireCommand('mkfs.btrfs') ?? requireCommand('btrfs');

const ioctl = createIoctl();

/** Both ways to ask btrfs, with what is missing for them here. */
export const ways: readonly (readonly [name: string, calls: () => BtrfsCalls, missing: Missing])[] = [
  ['ioctls', () => createBtrfsCalls(ioctl, runCommand), needsBtrfs ?? (ioctl ? undefined : 'needs koffi')],
  ['the btrfs command', () => createBtrfsCalls(undefined, runCommand), needsBtrfs],
];

let loop: Loop | undefined;
let roots = 0;
process.on('exit', () => loop?.end());

/** A place for a root of its own, on one btrfs file system for all tests of a process. */
export function newRoot(): string {
  loop ??= createLoop('btrfs', { megabytes: 512 });
  return `${loop.path}/root-${++roots}`;
}

export const openDriver = (root: string, calls: BtrfsCalls, failpoint?: Failpoint, ballast?: Ballast) =>
  createBtrfsDriver({
    root,
    system: createSystem(),
    calls,
    copyTree,
    ballast,
    usageLag: 0,
    ...(failpoint && { failpoint }),
  });

/** Asks the btrfs command, as an operator would. */
export const btrfs = (...args: readonly string[]): string => execFileSync('btrfs', args, { encoding: 'utf8' });

export async function openBench(calls: BtrfsCalls): Promise<DriverBench & { readonly root: string }> {
  const root = newRoot();
  const part = (id: number, name: string) => `${root}/snapshots/${id}/${name}`;
  return {
    root,
    driver: await openDriver(root, calls),
    write: async ({ id }, name) => writeFileSync(`${part(id, 'fs')}/${name}`, Buffer.alloc(8192, 'x')),
    putForeign: (name) => mkdirSync(`${root}/snapshots/${name}`),
    breakApart: (id) => {
      btrfs('subvolume', 'snapshot', '-r', part(id, 'fs'), part(id, 'layer'));
      btrfs('subvolume', 'delete', part(id, 'fs'));
    },
    lose: (id) => void btrfs('subvolume', 'delete', part(id, 'fs')),
    tellsFreed: false,
    end: async () => {},
  };
}
