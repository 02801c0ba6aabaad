import type { Release } from '../../ports/machine-facts.ts';

type Line = Pick<Release, 'major' | 'minor'>;

/** Whether a release is this one or a later one. */
export const isFrom = (release: Line, major: number, minor: number): boolean =>
  release.major > major || (release.major === major && release.minor >= minor);

export const oldest = { major: 1, minor: 6 } as const;
/** the newest one that snapledger was tested with, see OPERATIONS.md, "Compatibility" */
export const newest = { major: 2, minor: 3 } as const;

/** What snapledger uses of containerd, and since which release containerd has it. */
const features = [
  { name: 'exports', major: 2, minor: 0 },
  { name: 'remap-ids', major: 2, minor: 0 },
  { name: 'rebase', major: 2, minor: 2 },
] as const;

/** The features that a release lacks. */
export const lacks = (release: Line): readonly string[] =>
  features.filter(({ major, minor }) => !isFrom(release, major, minor)).map(({ name }) => name);

/** The newest version of the configuration that a release reads. Source: containerd's version/version.go. */
export function configVersion(release: Line): number {
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
