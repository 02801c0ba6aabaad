import { calls } from './calls.ts';
import { collection } from './collection.ts';
import { commitFiles } from './commit-files.ts';
import { parallelPull, pull, runContainer, unpack } from './end-to-end.ts';
import { stages } from './stages.ts';
import type { Workload } from './workload.ts';

const lifecycleTargets = {
  ...{ 'overlay 1': 2.5, 'overlay 8': 6, 'overlay 32': 10 },
  ...{ 'btrfs 1': 2, 'btrfs 8': 6, 'btrfs 32': 10 },
};

/** All workloads, by the names that `npm run bench -- NAME...` takes, in the order of the table. */
export const workloads: Readonly<Record<string, Workload>> = {
  lifecycle: calls({ workload: 'lifecycle', journalled: ['ext4', 'xfs'], targets: lifecycleTargets }),
  commit: commitFiles,
  stat: calls({ workload: 'stat', bare: 0.8 }),
  mounts: calls({ workload: 'mounts', bare: 0.8 }),
  usage: calls({ workload: 'usage' }),
  update: calls({ workload: 'update' }),
  list: calls({ workload: 'list', targets: { 'overlay 1': 1 } }),
  collection,
  mixed: calls({ workload: 'mixed' }),
  pull,
  'parallel-pull': parallelPull,
  unpack,
  run: runContainer,
  stages,
};
