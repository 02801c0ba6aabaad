import type { Mount, Volume } from '../../../ports/volume-driver.ts';
import type { KernelTraits } from '../shared/kernel-traits.ts';
import { emptyOverlay, mayBeRebased, overlayOptions } from '../shared/rebase.ts';
import { deviceOf } from './check-btrfs-root.ts';
import type { BtrfsCalls } from './ioctl/btrfs-calls.ts';
import { expectSubvolume, type Layout } from './layout.ts';

interface MountTools {
  readonly layout: Layout;
  readonly calls: BtrfsCalls;
  /** undefined if no layer is rebased */
  readonly kernel: KernelTraits | undefined;
}

/** Mounts by the subvolume's id, which never changes and is read once; of a layer to rebase, an overlay on nothing. */
export function createMounts({ layout, calls, kernel }: MountTools) {
  const source = deviceOf(layout.root);
  const subvolumes = new Map<number, number>();
  const subvolumeOf = async (id: number): Promise<number> => {
    const known = subvolumes.get(id);
    if (known !== undefined) return known;
    expectSubvolume(layout.fs(id), `volume ${id}: its layer`);
    const subvolume = await calls.idOf(layout.fs(id));
    subvolumes.set(id, subvolume);
    return subvolume;
  };
  const mountsOf = async (volume: Volume): Promise<readonly Mount[]> => {
    const { id, kind } = volume;
    if (kernel !== undefined && mayBeRebased(volume)) {
      expectSubvolume(layout.fs(id), `volume ${id}: its layer`);
      return [emptyOverlay(layout.root, id, overlayOptions(kernel))];
    }
    const options = [`subvolid=${await subvolumeOf(id)}`, ...(kind === 'view' ? ['ro'] : [])];
    return [{ type: 'btrfs', source, target: '', options }];
  };
  return { mountsOf, forget: (id: number) => void subvolumes.delete(id) };
}

/** The kernel's traits if layers of a root can be rebased: mount options can't carry any path. */
export const rebasingKernel = (root: string, kernel: KernelTraits): KernelTraits | undefined =>
  kernel.userNamespace || /[,:\\]/.test(root) ? undefined : kernel;
