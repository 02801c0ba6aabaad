import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, type Stats } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Bucket, ContainerdDatabases, FileDigest, MetadataContent } from '../../ports/containerd-store.ts';
import { isErrno } from '../../ports/errno.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import type { System } from '../../ports/system.ts';
import { replaceFile } from '../system/files.ts';
import { readBolt } from './read-bolt.ts';
import { readSnapshots } from './read-snapshots.ts';
import { snapshotBuckets } from './snapshot-buckets.ts';
import { writeBolt } from './write-bolt.ts';

/** A database is read into memory. */
const maxBytes = 1 << 30;

/** The databases of containerd, as files. */
export function createContainerdDatabases(system: Pick<System, 'lock'>): ContainerdDatabases {
  return {
    openBuckets: (path) => inFile(path, () => open(system, path, (root) => ({ root }))),
    writeBuckets: (path, root) => inFile(path, () => write(path, root)),
    openMetadata: (path) => inFile(path, () => open(system, path, (root) => ({ content: readSnapshots(root) }))),
    writeMetadata: (path, content) =>
      inFile(path, () => write(path, snapshotBuckets(content), (root) => checkWritten(readSnapshots(root), content))),
  };
}

/** Adds the file to a fault. */
async function inFile<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof Fault)) throw faultOf(error, path);
    throw new Fault(error.code, `${path}: ${error.message}`, error);
  }
}

async function open<T>(system: Pick<System, 'lock'>, path: string, read: (root: Bucket) => T) {
  checkFile(statOf(path));
  const lock = await system.lock(path);
  if (lock === undefined)
    throw new Fault('busy', 'locked by another process', {
      hint: 'stop containerd (systemctl stop containerd): it has its databases open as long as it runs',
    });
  try {
    const file = readFileSync(path);
    const { root, pageSize, transaction } = readBolt(file);
    return { ...read(root), pageSize, transaction, ...digestOf(file), release: () => lock.release() };
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/** A lock would create what is missing, and follows no link. */
function checkFile(found: Stats | undefined): void {
  if (!found?.isFile())
    throw new Fault('missing', found === undefined ? 'does not exist' : 'is not a plain file', {
      hint: 'name the directory of a containerd snapshotter that has been used: it creates its database with the first snapshot',
    });
  if (found.size > maxBytes)
    throw new Fault('unsupported', `${found.size} bytes, and at most ${maxBytes} are read`, {
      hint: 'with containerd stopped, `bbolt compact` writes a database without free pages',
    });
}

function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

async function write(path: string, root: Bucket, check: (root: Bucket) => void = () => {}): Promise<FileDigest> {
  const file = writeBolt(root, machinePageSize());
  check(readBolt(file).root);
  const replaced = statOf(path);
  await replaceFile(path, async (handle) => {
    await handle.writeFile(file);
    if (replaced === undefined) return;
    await handle.chown(replaced.uid, replaced.gid);
    await handle.chmod(replaced.mode & 0o7777);
  });
  return digestOf(file);
}

function checkWritten(read: MetadataContent, { lastId, snapshots }: MetadataContent): void {
  const byKey = new Map(snapshots.map((one) => [one.key, one]));
  const isSame = read.lastId === lastId && read.snapshots.length === snapshots.length;
  if (!isSame || read.snapshots.some((one) => !isDeepStrictEqual(one, byKey.get(one.key))))
    throw new Fault('corrupt', 'containerd would read other snapshots than those to write', {
      hint: 'nothing was written: report this',
    });
}

const digestOf = (file: Buffer): FileDigest => ({
  bytes: file.length,
  sha256: createHash('sha256').update(file).digest('hex'),
});

/** AT_PAGESZ. Source: getauxval(3) */
const pageSizeEntry = 6n;

/** The page size that bbolt would choose. */
function machinePageSize(): number {
  const vector = readFileSync('/proc/self/auxv');
  for (let at = 0; at + 16 <= vector.length; at += 16)
    if (vector.readBigUInt64LE(at) === pageSizeEntry) return Number(vector.readBigUInt64LE(at + 8));
  return 4096;
}
