import { lstatSync } from 'node:fs';
import { missingLayer } from '../shared/faults.ts';
import { rootInode } from './ioctl/subvolumes.ts';

/** The paths below a root. Each snapshot has its own directory, so that its ioctls don't wait for those of others. */
export interface Layout {
  readonly root: string;
  /** `snapshots/<id>` */
  directory(id: number): string;
  /** what an active writes into, and what a view shows */
  fs(id: number): string;
  /** what a commit froze */
  layer(id: number): string;
}

export function createLayout(root: string): Layout {
  const directory = (id: number) => `${root}/snapshots/${id}`;
  return {
    root,
    directory,
    fs: (id) => `${directory(id)}/${names.fs}`,
    layer: (id) => `${directory(id)}/${names.layer}`,
  };
}

/** The subvolumes in a snapshot's directory. */
export const names = {
  fs: 'fs',
  layer: 'layer',
  /** becomes `fs` when it has its mode */
  unready: 'new',
  /** a nested subvolume's content on its way into a layer */
  nested: 'nested',
  /** a layer to rebase, frozen, and its parent's layer that it is merged into */
  upper: 'upper',
  tree: 'tree',
  /** the work directory of its overlay; no subvolume */
  work: 'work',
} as const;

/** Whether a path of a btrfs file system is a subvolume: a symbolic link to one is none. */
export function isSubvolume(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats?.isDirectory() === true && stats.ino === rootInode;
}

/** Throws a Fault (`io`) if it is none. */
export function expectSubvolume(path: string, what: string): void {
  if (!isSubvolume(path)) throw missingLayer(what, path);
}
