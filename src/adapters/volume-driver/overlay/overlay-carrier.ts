import type { VolumeCarrier } from '../../../ports/volume-carrier.ts';
import type { Volume } from '../../../ports/volume-driver.ts';
import { isDirectory } from '../shared/exact-directory.ts';
import { expectContent } from '../shared/expect-content.ts';

/** Overlay's layers are what travels. */
export function createOverlayCarrier(root: string): VolumeCarrier {
  const content = (volume: Volume) => {
    const directory = `${root}/snapshots/${volume.id}/fs`;
    expectContent(volume, directory, isDirectory);
    return directory;
  };
  return {
    pack: async (volume, work) => work([{ directory: content(volume) }]),
    fill: async (volume, unpack) => unpack(content(volume)),
  };
}
