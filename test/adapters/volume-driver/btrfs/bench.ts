import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { copyTree } from '../../../../src/adapters/system/commands.ts';
import { nativeCalls } from '../../../../src/adapters/system/native-calls.ts';
import { createSystem } from '../../../../src/adapters/system/system.ts';
import { type BtrfsSetup, createBtrfsDriver } from '../../../../src/adapters/volume-driver/btrfs/btrfs-driver.ts';
import { type BtrfsCalls, createBtrfsCalls } from '../../../../src/adapters/volume-driver/btrfs/ioctl/btrfs-calls.ts';
import { createLayerThread } from '../../../../src/compose/threads/layer-thread.ts';
import type { DriverBench } from '../../../contract/volume-driver.contract.ts';
import { createLoop, type Loop } from '../../../support/loop.ts';
import { type Missing, requireCommand, requireFileSystem } from '../../../support/requirements.ts';

/** The requirements of a test on btrfs. */
export const needsBtrfs: Missing =
  requireFileSystem('btrfs') ?? requireCommand('mkfs.btrfs') ?? requireCommand('btrfs');

export const calls: BtrfsCalls = createBtrfsCalls(nativeCalls().ioctl);

let loop: Loop | undefined;
let roots = 0;
process.on('exit', () => loop?.end());

/** A new root, on one btrfs file system for all tests of a process. */
export function newRoot(): string {
  loop ??= createLoop('btrfs', { megabytes: 512 });
  return `${loop.path}/root-${++roots}`;
}

/** The dependencies of a driver under test. */
type Options = Partial<Pick<BtrfsSetup, 'calls' | 'failpoint' | 'ballast'>>;

export const openDriver = (root: string, options: Options = {}) =>
  createBtrfsDriver({
    root,
    system: createSystem(),
    calls,
    copyTree,
    layers: createLayerThread(),
    usageLag: 0,
    ...options,
  });

/** Runs the btrfs command, as an operator would. */
export const btrfs = (...args: readonly string[]): string => execFileSync('btrfs', args, { encoding: 'utf8' });

export async function openBench(): Promise<DriverBench & { readonly root: string }> {
  const root = newRoot();
  const part = (id: number, name: string) => `${root}/snapshots/${id}/${name}`;
  return {
    root,
    driver: await openDriver(root),
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
