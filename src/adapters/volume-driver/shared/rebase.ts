import type { Mount, Volume } from '../../../ports/volume-driver.ts';
import type { KernelTraits } from './kernel-traits.ts';

const ref = 'containerd.io/snapshot.ref';
const diffId = 'containerd.io/snapshot/diff-id';
const parentChain = 'containerd.io/snapshot/parent-chain-id';

/**
 * Whether a volume is an active without parent into which containerd unpacks a layer that may get its parent at the commit. containerd
 * converts whiteouts only for an overlay mount with an upper directory; on any other it deletes files that are not there.
 * - 2.3 and later name the layer (`diff-id`), and the parent of every layer but the base (`parent-chain-id`).
 * - 2.2 labels all layers alike, and 1.x the base layer in the same way: each may be one.
 *
 * Source: containerd, core/unpack/unpacker.go and core/diff/apply/apply_linux.go
 */
export const mayBeRebased = ({ kind, parents, labels }: Pick<Volume, 'kind' | 'parents' | 'labels'>): boolean =>
  kind === 'active' && parents.length === 0 && (parentChain in labels || (ref in labels && !(diffId in labels)));

/** The mount of an active on an empty lower directory. */
export const emptyOverlay = (root: string, id: number, options: readonly string[]): Mount => {
  const own = `${root}/snapshots/${id}`;
  return overlayMount([...options, `workdir=${own}/work`, `upperdir=${own}/fs`, `lowerdir=${root}/empty`]);
};

export const overlayMount = (options: readonly string[]): Mount => ({
  type: 'overlay',
  source: 'overlay',
  target: '',
  options,
});

/**
 * The options of every overlay mount, unless the operator sets others. Whatever the kernel's defaults are, a layer holds
 * complete files and directories under their own names: readers of layers that don't mount them rely on it.
 */
export function overlayOptions(traits: KernelTraits, set: readonly string[] = []): readonly string[] {
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
