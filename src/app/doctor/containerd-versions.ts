import type { Release } from '../../ports/machine-facts.ts';

/** Whether a release is this one or a later one. */
export function isFrom(release: Pick<Release, 'major' | 'minor' | 'patch'>, ...least: readonly number[]): boolean {
  const own = [release.major, release.minor, release.patch];
  const different = least.findIndex((number, index) => number !== own[index]);
  return different === -1 || (own[different] ?? 0) > (least[different] ?? 0);
}

export const oldest = { major: 1, minor: 6 } as const;
/** the newest one that snapledger was tested with, see OPERATIONS.md, "Compatibility" */
export const newest = { major: 2, minor: 4 } as const;

/** What snapledger uses of containerd, and since which release containerd has it. */
const features = [
  { name: 'exports', since: [1, 7, 16] },
  { name: 'remap-ids', since: [2, 0] },
  { name: 'rebase', since: [2, 2] },
] as const;

/** The features that a release lacks. */
export const lacks = (release: Release): readonly string[] =>
  features.filter(({ since }) => !isFrom(release, ...since)).map(({ name }) => name);

/** The newest version of the configuration that a release reads. Source: containerd's version/version.go. */
export function configVersion(release: Release): number {
  if (release.major < 2) return 2;
  return isFrom(release, 2, 3) ? 4 : 3;
}

/** Snapshotters that are compiled into containerd: a proxy plugin of the same name makes it panic at its start. */
export const builtins: readonly string[] = [
  'aufs',
  'blockfile',
  'btrfs',
  'devmapper',
  'erofs',
  'native',
  'overlayfs',
  'zfs',
];
