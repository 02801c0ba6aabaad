import type { FileCalls, System } from '../../../ports/system.ts';
import type { Volume, VolumeDriver } from '../../../ports/volume-driver.ts';
import { isDirectory } from '../shared/directories.ts';
import { guarded } from '../shared/faults.ts';
import type { LayerWork } from '../shared/layers/layer-work.ts';
import { mayBeRebased } from '../shared/rebase.ts';
import { createBarrier } from './barrier.ts';
import { describeEmptyLayer } from './empty-layer.ts';
import { createFlushes, flushFew } from './flush.ts';
import { expectLayer, type Paths } from './volume.ts';

interface Setup {
  readonly root: string;
  readonly paths: Paths;
  readonly system: Pick<System, 'syncFileSystem' | 'writeData'>;
  /** whether the file system's metadata is ordered: a barrier then flushes it */
  readonly orderedMetadata: boolean;
  /** whether a layer gets its parent by its commit */
  readonly rebase: boolean;
  readonly layers: LayerWork | undefined;
  readonly files: FileCalls | undefined;
}

type Commits = Pick<
  VolumeDriver,
  'describeEmpty' | 'flush' | 'freeze' | 'unfreeze' | 'dropActive' | 'hasCommitted' | 'syncMetadata' | 'reclaimSpace'
>;

/** What commits need. A layer is the same directory before and after its commit, which therefore only flushes and cleans it. */
export function createCommits(setup: Setup): Commits & { close(): void } {
  const { root, paths, system, orderedMetadata, files } = setup;
  const flushSmall = async (id: number) => {
    const flushed = orderedMetadata && (await flushFew(paths.layer(id), system.writeData));
    if (flushed) await barrier.pass();
    return flushed;
  };
  const flushes = createFlushes(root, system.syncFileSystem, flushSmall);
  const barrier = createBarrier(root, flushes.all);
  const describeEmpty = (id: number) =>
    files === undefined ? undefined : describeEmptyLayer(paths.directory(id), files);
  const freeze = async (volume: Volume, parent?: number) => {
    expectLayer(volume.id, paths.layer(volume.id));
    if (parent === undefined && setup.rebase && mayBeRebased(volume)) await clean(volume.id);
  };
  /** Nothing is below it after all: it must show neither whiteouts nor overlay's attributes. */
  const clean = async (id: number) => {
    // One that is empty only when it is cleaned was flushed with its whiteouts, and its commit does not describe it.
    const isDescribed = describeEmpty(id) !== undefined;
    const cleaned = (await setup.layers?.clean(paths.layer(id))) ?? 0;
    if (cleaned > 0 && !isDescribed) await flushes.layer(id);
  };
  return {
    describeEmpty,
    flush: ({ id }, amongOthers) =>
      guarded(`flush of volume ${id}`, () => {
        expectLayer(id, paths.layer(id));
        return flushes.layer(id, amongOthers);
      }),
    freeze: (volume, parent) => guarded(`freeze of volume ${volume.id}`, () => freeze(volume, parent)),
    unfreeze: async () => {},
    dropActive: async () => {},
    hasCommitted: (id) => isDirectory(paths.layer(id)),
    syncMetadata: () => guarded('flush of the volumes', () => (orderedMetadata ? barrier.pass() : flushes.all())),
    reclaimSpace: async () => false,
    close: barrier.close,
  };
}
