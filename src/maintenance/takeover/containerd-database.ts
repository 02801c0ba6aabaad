import { linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { chmod, chown } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createContainerdDatabases } from '../../adapters/containerd-store/containerd-databases.ts';
import { syncDirectory } from '../../adapters/system/files.ts';
import { createSystem } from '../../adapters/system/system.ts';
import { Fault, faultCode } from '../../ports/fault.ts';
import { renameSnapshotter } from './rename-snapshotter.ts';

/** containerd's own database, locked, and a change of a snapshotter's name in it. No containerd can start until `release`. */
export interface ContainerdDatabase {
  /** snapshots and containers that are recorded under the old name; 0 if it was renamed already */
  readonly snapshots: number;
  readonly containers: number;
  /** bytes that `stage` will write, 0 if nothing changes */
  readonly bytes: number;
  /** Writes the changed database beside it. */
  stage(): Promise<void>;
  /** Puts the changed database in place of the old one, which is kept beside it. */
  switch(): Promise<void>;
  /** Deletes what `stage` wrote. */
  unstage(): void;
  release(): Promise<void>;
}

/** A snapshotter's name in containerd, and the one that it gets. */
export interface SnapshotterNames {
  readonly from: string;
  readonly to: string;
}

export const databaseOf = (containerdRoot: string) => join(containerdRoot, 'io.containerd.metadata.v1.bolt/meta.db');

/** Locks and reads containerd's own database. Rejects with a Fault: `missing`, `busy` if containerd runs, `corrupt`, `unsupported`. */
export async function openContainerdDatabase(path: string, names: SnapshotterNames): Promise<ContainerdDatabase> {
  const databases = createContainerdDatabases(createSystem());
  const opened = await databases.openBuckets(path).catch((error) => {
    throw faultCode(error) === 'missing' ? withoutDatabase(path) : error;
  });
  try {
    const { root, changes, snapshots, containers } = renameSnapshotter(opened.root, names.from, names.to);
    const [staged, kept] = [`${path}.${names.to}`, `${path}.before-${names.to}`];
    const ifChanged = (fn: () => Promise<void>) => async () => (changes === 0 ? undefined : fn());
    return {
      ...{ snapshots, containers, bytes: changes === 0 ? 0 : opened.bytes },
      stage: ifChanged(async () => {
        await databases.writeBuckets(staged, root);
        const { uid, gid, mode } = statSync(path);
        await chown(staged, uid, gid);
        await chmod(staged, mode & 0o7777);
      }),
      switch: ifChanged(async () => {
        rmSync(kept, { force: true });
        linkSync(path, kept);
        renameSync(staged, path);
        await syncDirectory(dirname(path));
      }),
      unstage: () => {
        for (const file of [staged, `${staged}.new`]) rmSync(file, { force: true });
      },
      release: () => opened.release(),
    };
  } catch (error) {
    await opened.release();
    throw error;
  }
}

const withoutDatabase = (path: string) =>
  new Fault('missing', `${path}: does not exist: the snapshotter gets another name in containerd's own database`, {
    hint: "name the directory that is `root` in containerd's configuration with --containerd-root; nothing was changed",
  });
