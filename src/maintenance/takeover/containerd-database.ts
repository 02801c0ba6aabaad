import { closeSync, openSync, readFileSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { chmod, chown } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createContainerdDatabases } from '../../adapters/containerd-store/containerd-databases.ts';
import { replaceFile, syncDirectory } from '../../adapters/system/files.ts';
import { createSystem } from '../../adapters/system/system.ts';
import type { MetadataContent } from '../../ports/containerd-store.ts';
import { Fault, faultCode } from '../../ports/fault.ts';
import type { Lock } from '../../ports/system.ts';
import { renameSnapshotter } from './rename-snapshotter.ts';

/** containerd's own database, locked, and a change of a snapshotter's name in it. No containerd can start until `release`. */
export interface ContainerdDatabase {
  /** what is recorded under the old name, 0 if it was renamed already: snapshots, the names that their snapshotter has for them, containers */
  readonly snapshots: number;
  readonly names: ReadonlySet<string>;
  readonly containers: number;
  /** bytes that `stage` will write, 0 if nothing changes */
  readonly bytes: number;
  /** Writes the changed database beside it, and a copy of the old one. */
  stage(): Promise<void>;
  /**
   * Puts the changed database, locked, in place of the old one. The old file is made unreadable: a containerd that was started
   * meanwhile has it open and waits for its lock, and would go on with the old names.
   */
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
  const system = createSystem();
  const databases = createContainerdDatabases(system);
  const opened = await databases.openBuckets(path).catch((error) => {
    throw faultCode(error) === 'missing' ? withoutDatabase(path) : error;
  });
  let lock: Lock | undefined;
  try {
    const { root, changes, names: recorded, containers } = renameSnapshotter(opened.root, names.from, names.to);
    const staged = `${path}.${names.to}`;
    const copy = `${staged}.before`;
    const ifChanged = (fn: () => Promise<void>) => async () => (changes === 0 ? undefined : fn());
    return {
      ...{ snapshots: recorded.size, names: recorded, containers, bytes: changes === 0 ? 0 : 2 * opened.bytes },
      stage: ifChanged(async () => {
        await databases.writeBuckets(staged, root);
        const { uid, gid, mode } = statSync(path);
        await chown(staged, uid, gid);
        await chmod(staged, mode & 0o7777);
        await replaceFile(copy, (handle) => handle.writeFile(readFileSync(path)));
      }),
      switch: ifChanged(async () => {
        lock = await system.lock(staged);
        if (lock === undefined) throw new Fault('busy', `${staged}: locked by another process`, { hint: 'try again' });
        renameSync(copy, `${path}.before-${names.to}`);
        await replaceOpened(staged, path, opened.pageSize);
      }),
      unstage: () => {
        for (const file of [staged, `${staged}.new`, copy, `${copy}.new`]) rmSync(file, { force: true });
      },
      release: async () => {
        await lock?.release();
        await opened.release();
      },
    };
  } catch (error) {
    await opened.release();
    throw error;
  }
}

/** bbolt accepts no file without a meta page: containerd then serves nothing until it is started again. */
async function replaceOpened(staged: string, path: string, pageSize: number): Promise<void> {
  const old = openSync(path, 'r+');
  try {
    renameSync(staged, path);
    await syncDirectory(dirname(path));
    writeSync(old, Buffer.alloc(2 * pageSize), 0, 2 * pageSize, 0);
  } finally {
    closeSync(old);
  }
}

/** Throws a Fault (`misuse`) if a root has none of the snapshots that containerd records: it is another containerd's, or a copy. */
export function expectOwnSnapshots(
  { names }: ContainerdDatabase,
  { snapshots }: Pick<MetadataContent, 'snapshots'>,
  root: string,
): void {
  if (names.size === 0 || snapshots.some(({ key }) => names.has(key))) return;
  throw new Fault('misuse', `${root}: has none of the ${names.size} snapshots that containerd's own database records`, {
    hint: 'name the root that this containerd uses with --root, or its own root with --containerd-root; nothing was changed',
  });
}

const withoutDatabase = (path: string) =>
  new Fault('missing', `${path}: does not exist: the snapshotter gets another name in containerd's own database`, {
    hint: "name the directory that is `root` in containerd's configuration with --containerd-root; nothing was changed",
  });
