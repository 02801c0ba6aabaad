import { createIoctl } from './adapters/system/create-ioctl.ts';
import { createSystem } from './adapters/system/create-system.ts';
import { runCommand } from './adapters/system/run-command.ts';
import { createBtrfsCalls } from './adapters/volume-driver/btrfs/create-btrfs-calls.ts';
import { createLayout } from './adapters/volume-driver/btrfs/layout.ts';
import { createOwnMeter } from './adapters/volume-driver/btrfs/measure-own.ts';
import { alteredEntries } from './adapters/volume-driver/manifest/compare-layer.ts';
import { measureTree } from './adapters/volume-driver/measure-tree.ts';
import { lookingAt } from './open-layer-tree.ts';
import { Fault, faultOf } from './ports/fault.ts';
import type { LayerInspector } from './ports/layer-inspector.ts';
import type { Usage, Volume } from './ports/volume-driver.ts';

/** What compares the layers of a store that was made with this driver. The driver itself is not opened: that would lay out its root. Throws a Fault (`unsupported`) for one without files. */
export function openInspector(root: string, driver: string): LayerInspector {
  if (driver !== 'overlay' && driver !== 'btrfs')
    throw new Fault('unsupported', `the driver ${driver} keeps no files to compare`, {
      hint: 'leave --deep out: it works on overlay and btrfs',
    });
  const usage =
    driver === 'btrfs' ? btrfsUsage(root) : async ({ id }: Volume) => measureTree(`${root}/snapshots/${id}/fs`);
  const looking = lookingAt(root, driver);
  const guarded =
    <T>(act: (volume: Volume) => Promise<T>) =>
    (volume: Volume) =>
      act(volume).catch((error) => {
        throw faultOf(error, `snapshots/${volume.id}`);
      });
  return {
    relative: driver === 'btrfs',
    usage: guarded(usage),
    altered: guarded((volume) => alteredEntries(looking, volume)),
  };
}

function btrfsUsage(root: string): (volume: Volume) => Promise<Usage | undefined> {
  const calls = createBtrfsCalls(createIoctl(), runCommand);
  if (calls.name === 'commands') return async () => undefined;
  const { syncFileSystem } = createSystem();
  const measure = createOwnMeter({ layout: createLayout(root), calls, syncFileSystem, lag: 0 });
  const { signal } = new AbortController();
  return (volume) => measure(volume, signal);
}
