import { parallelPulls, pulls, runContainer, unpacks } from './end-to-end/pieces.ts';
import type { Piece } from './workload.ts';
import { calls } from './workloads/calls.ts';
import { beside, collections } from './workloads/collection.ts';
import { commitFiles } from './workloads/commit-files.ts';
import { stages } from './workloads/stages.ts';

const lifecycle = calls({
  workload: 'lifecycle',
  about: 'Prepare, Commit, Prepare, Remove, Remove of empty snapshots',
  on: ['root', 'ext4', 'xfs', 'btrfs'],
  targets: { 'overlay 1': 2.5, 'overlay 8': 6, 'overlay 32': 10, 'btrfs 1': 2, 'btrfs 8': 6, 'btrfs 32': 10 },
});
const reads = { on: ['root', 'btrfs'], workers: [1, 32] } as const;

/** All pieces, in the order of the tables. */
export const pieces: readonly Piece[] = [
  ...lifecycle,
  commitFiles,
  ...calls({ ...reads, workload: 'stat', about: 'Stat of a layer', bare: 0.8, targets: { 'overlay 32': 0.8 } }),
  ...calls({ ...reads, workload: 'mounts', about: 'Mounts of an active', bare: 0.8, targets: { 'overlay 32': 0.9 } }),
  ...calls({ ...reads, workload: 'usage', about: 'Usage of a layer' }),
  ...calls({ workload: 'update', about: 'Update of a label', on: ['root', 'btrfs'] }),
  ...calls({ workload: 'list', about: 'List of 1,000 snapshots', on: ['root'], targets: { 'overlay 1': 1 } }),
  ...calls({ workload: 'mixed', about: 'nine reads, then a step of a lifecycle', on: ['root', 'btrfs'] }),
  ...collections,
  beside,
  ...unpacks,
  ...pulls,
  ...parallelPulls,
  runContainer,
  stages,
];

/** Named selections of pieces. */
export const sets: Readonly<Record<string, readonly string[]>> = {
  'write-path': [
    ...['unpack/100', 'unpack/12', 'unpack/12-busy', 'pull/12', 'pull/100', 'run'],
    ...['lifecycle/root', 'lifecycle/ext4', 'lifecycle/xfs', 'lifecycle/btrfs'],
    ...['stat/root', 'mounts/root', 'collection'],
  ],
};
