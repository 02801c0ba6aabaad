import type { Mount, Volume } from '../../../ports/volume-driver.ts';
import type { KernelTraits } from './kernel-traits.ts';
import type { OverlayOptions } from './overlay-options.ts';

export const uidMapping = 'containerd.io/snapshot/uidmapping';
export const gidMapping = 'containerd.io/snapshot/gidmapping';

/** Gives the mounts of volumes below a root, as containerd's own overlay driver answers them. */
export function createOverlayMounts(
  root: string,
  traits: KernelTraits,
  options: Pick<OverlayOptions, 'mountOptions'> & { readonly remapIds: boolean },
): (volume: Volume) => readonly Mount[] {
  const layer = (id: number) => `${root}/snapshots/${id}/fs`;
  const { mountOptions = [] } = options;
  const first = ownOptions(traits, mountOptions);
  return ({ id, kind, parents, labels }) => {
    const maps = options.remapIds ? mapsOf(labels) : [];
    const [parent, second] = parents;
    const writable = kind !== 'view';
    if (parent === undefined) return [bind(writable ? layer(id) : `${root}/empty`, [...maps, writable ? 'rw' : 'ro'])];
    if (!writable && second === undefined) return [bind(layer(parent), [...maps, 'ro'])];
    const upper = writable ? [`workdir=${root}/snapshots/${id}/work`, `upperdir=${layer(id)}`] : [];
    const lower = `lowerdir=${parents.map(layer).join(':')}`;
    return [overlay([...maps, ...first, ...upper, lower, ...mountOptions])];
  };
}

/**
 * What every overlay is mounted with unless the operator's options say otherwise. Whatever the kernel's defaults are, a layer
 * holds whole files and directories under their own names: what reads layers without mounting them relies on it.
 */
function ownOptions(traits: KernelTraits, set: readonly string[]): readonly string[] {
  const says = (name: string) => set.some((option) => option.startsWith(name));
  const userxattr = traits.userxattr || set.includes('userxattr');
  return [
    ...(traits.index && !says('index=') ? ['index=off'] : []),
    ...(traits.userxattr && !set.includes('userxattr') ? ['userxattr'] : []),
    // metacopy=on needs redirects, and beside userxattr the kernel takes `off` for a wish to follow them.
    ...(traits.redirectDir && !says('redirect_dir=') && !set.includes('metacopy=on')
      ? [`redirect_dir=${userxattr ? 'nofollow' : 'off'}`]
      : []),
    ...(traits.metacopy && !says('metacopy=') ? ['metacopy=off'] : []),
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
