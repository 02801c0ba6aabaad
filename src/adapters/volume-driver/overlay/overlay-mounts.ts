import type { Mount, Volume } from '../../../ports/volume-driver.ts';
import type { KernelTraits } from './kernel-traits.ts';

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
  const defaults = defaultOptions(traits, mountOptions);
  return ({ id, kind, parents, labels }) => {
    const maps = options.remapIds ? mapsOf(labels) : [];
    const [parent, second] = parents;
    const writable = kind !== 'view';
    if (parent === undefined) return [bind(writable ? layer(id) : `${root}/empty`, [...maps, writable ? 'rw' : 'ro'])];
    if (!writable && second === undefined) return [bind(layer(parent), [...maps, 'ro'])];
    const upper = writable ? [`workdir=${root}/snapshots/${id}/work`, `upperdir=${layer(id)}`] : [];
    const lower = `lowerdir=${parents.map(layer).join(':')}`;
    return [overlay([...maps, ...defaults, ...upper, lower, ...mountOptions])];
  };
}

/**
 * The options of every overlay mount, unless the operator sets others. Whatever the kernel's defaults are, a layer holds
 * complete files and directories under their own names: readers of layers that don't mount them rely on it.
 */
function defaultOptions(traits: KernelTraits, set: readonly string[]): readonly string[] {
  const sets = (name: string) => set.some((option) => option.startsWith(name));
  const userxattr = traits.userxattr || set.includes('userxattr');
  return [
    ...(traits.index && !sets('index=') ? ['index=off'] : []),
    ...(traits.userxattr && !set.includes('userxattr') ? ['userxattr'] : []),
    // metacopy=on needs redirects, and beside userxattr the kernel reads `off` as a request to follow them.
    ...(traits.redirectDir && !sets('redirect_dir=') && !set.includes('metacopy=on')
      ? [`redirect_dir=${userxattr ? 'nofollow' : 'off'}`]
      : []),
    // Any other redirect_dir excludes metacopy. BuildKit compares whole trees if a mount has an option that it does not know.
    ...(traits.metacopy && set.includes('redirect_dir=on') && !sets('metacopy=') ? ['metacopy=off'] : []),
  ];
}

const bind = (source: string, options: readonly string[]): Mount => ({
  type: 'bind',
  source,
  target: '',
  options: [...options, 'rbind'],
});

const overlay = (options: readonly string[]): Mount => ({ type: 'overlay', source: 'overlay', target: '', options });

function mapsOf(labels: Volume['labels']): readonly string[] {
  const uids = labels[uidMapping];
  const gids = labels[gidMapping];
  return [...(uids === undefined ? [] : [`uidmap=${uids}`]), ...(gids === undefined ? [] : [`gidmap=${gids}`])];
}
