import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';

/** Names below a root that a takeover from containerd, or a giveback to it, uses. */
export const names = {
  /** A file is the database of containerd's own snapshotter. A directory keeps that snapshotter from using the root. */
  database: 'metadata.db',
  /** the database of before the takeover */
  kept: 'metadata.db/containerd.db',
  /** A directory while a takeover prepares; a file, the database of before, from its decision to its end. */
  takingOver: 'taking-over',
  /** a directory from when a giveback may have changed containerd's own database to its end */
  givingBack: 'giving-back',
  /** the database that a giveback prepares */
  staged: 'giving-back.db',
  /** what a giveback sets aside */
  givenBack: 'given-back',
} as const;

/** Whose store a root holds, and which change of that was interrupted. */
export type RootStage =
  | 'none'
  | 'containerd'
  | 'snapledger'
  /** still containerd's: what the takeover made can be discarded */
  | 'takeover-undecided'
  /** snapledger's, but containerd's own database may still name the other snapshotter */
  | 'takeover-decided'
  /** snapledger's, but containerd's own database may name the other snapshotter already */
  | 'giveback-undecided'
  /** containerd's: files of snapledger have yet to be set aside */
  | 'giveback-decided'
  | 'two stores';

export function stageOf(root: string): RootStage {
  const kind = (name: string) => kindOf(join(root, name));
  const isContainerds = kind(names.database) === 'file';
  if (kind(names.givingBack) === 'directory') return isContainerds ? 'giveback-decided' : 'giveback-undecided';
  const takingOver = kind(names.takingOver);
  if (takingOver === 'file') return 'takeover-decided';
  const isOwn = ['log', 'store'].some((name) => existsSync(join(root, name)));
  if (!isContainerds) return isOwn ? 'snapledger' : 'none';
  if (takingOver === 'directory') return 'takeover-undecided';
  return isOwn ? 'two stores' : 'containerd';
}

export function kindOf(path: string): 'file' | 'directory' | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found && (found.isDirectory() ? 'directory' : 'file');
}
