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
  const first = [
    ...(traits.index && !mountOptions.some((option) => option.startsWith('index=')) ? ['index=off'] : []),
    ...(traits.userxattr && !mountOptions.includes('userxattr') ? ['userxattr'] : []),
  ];
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
