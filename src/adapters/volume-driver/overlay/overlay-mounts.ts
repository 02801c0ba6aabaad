import type { Mount, Volume } from '../../../ports/volume-driver.ts';
import type { KernelTraits } from '../shared/kernel-traits.ts';
import { mayBeRebased, overlayMount, overlayOptions } from '../shared/rebase.ts';

/** The operator's options for overlay volumes. */
export interface OverlayOptions {
  /** added to every overlay mount, after the driver's own options */
  readonly mountOptions?: readonly string[];
  /** show the upper directory in the label `containerd.io/snapshot/overlay.upperdir` */
  readonly upperdirLabel?: boolean;
  /** let containerd change the owner of every file if the kernel can't map ids */
  readonly slowChown?: boolean;
  /**
   * map ids by mount options if a Prepare's labels ask for it. Only for a containerd that knows the capability `remap-ids`: any
   * other one has chowned the files already, or passes the options to a kernel that doesn't know them.
   */
  readonly remapIds?: boolean;
  /**
   * answer a Prepare with a copy of a layer of the same content, if the root's file system has reflinks. Only for containerd 2.4
   * or later: any other one unpacks into the read-only mount, and fails.
   */
  readonly stageLayers?: boolean;
}

/** Mounts in a mount namespace of its own, creates a file of that name in it, and unmounts; or rejects with the kernel's reason. */
export type TryMount = (mount: Mount, at: string, file?: string) => Promise<void>;

export const uidMapping = 'containerd.io/snapshot/uidmapping';
export const gidMapping = 'containerd.io/snapshot/gidmapping';

/** Returns the mounts of volumes below a root, as containerd's own overlay driver does. */
export function createOverlayMounts(
  root: string,
  traits: KernelTraits,
  options: Pick<OverlayOptions, 'mountOptions'> & { readonly remapIds: boolean },
): (volume: Volume) => readonly Mount[] {
  const layer = (id: number) => `${root}/snapshots/${id}/fs`;
  const { mountOptions = [] } = options;
  const defaults = overlayOptions(traits, mountOptions);
  const rebase = canRebase(traits, options);
  return (volume) => {
    const { id, kind, parents, labels, staged = false } = volume;
    if (staged) return [bind(layer(id), ['ro'])];
    const maps = options.remapIds ? mapsOf(labels) : [];
    const [parent, second] = parents;
    const writable = kind !== 'view';
    const onEmpty = rebase && mayBeRebased(volume);
    if (parent === undefined && !onEmpty)
      return [bind(writable ? layer(id) : `${root}/empty`, [...maps, writable ? 'rw' : 'ro'])];
    if (!writable && parent !== undefined && second === undefined) return [bind(layer(parent), [...maps, 'ro'])];
    const upper = writable ? [`workdir=${root}/snapshots/${id}/work`, `upperdir=${layer(id)}`] : [];
    const lower = `lowerdir=${onEmpty ? `${root}/empty` : parents.map(layer).join(':')}`;
    return [overlayMount([...maps, ...defaults, ...upper, lower, ...mountOptions])];
  };
}

/**
 * Whether an active without parent can get one at its commit. Not where a whiteout can't be created, nor with `userxattr`: containerd
 * marks opaque directories by `trusted.` attributes.
 */
export const canRebase = (
  { userNamespace }: Pick<KernelTraits, 'userNamespace'>,
  { mountOptions = [] }: Pick<OverlayOptions, 'mountOptions'>,
): boolean => !userNamespace && !mountOptions.includes('userxattr');

const bind = (source: string, options: readonly string[]): Mount => ({
  type: 'bind',
  source,
  target: '',
  options: [...options, 'rbind'],
});

function mapsOf(labels: Volume['labels']): readonly string[] {
  const uids = labels[uidMapping];
  const gids = labels[gidMapping];
  return [...(uids === undefined ? [] : [`uidmap=${uids}`]), ...(gids === undefined ? [] : [`gidmap=${gids}`])];
}
