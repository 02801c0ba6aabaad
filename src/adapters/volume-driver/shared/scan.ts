import { lstatSync, readdirSync } from 'node:fs';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { deferred, untilAborted } from '../../../ports/promises.ts';
import type { Found, VolumeDriver } from '../../../ports/volume-driver.ts';
import { workerProgram } from '../../system/files.ts';
import { guarded } from './faults.ts';
import { idOfName } from './paths.ts';
import { foreignInPool } from './pool.ts';

/** An entry below `snapshots/` or `pool/`, and which of the job's parts are in it. */
export interface Entry {
  /** relative to the root */
  readonly path: string;
  readonly id: number | null;
  readonly has: readonly boolean[];
}

export interface ScanJob {
  readonly root: string;
  /** directories to find in each snapshot's directory, eight at most; none to list only the ids */
  readonly parts: readonly string[];
  /** A part counts only with this inode number: that of a subvolume's root, on btrfs. */
  readonly inode?: number;
}

/** The entries below `ROOT/snapshots`, and foreign ones in `ROOT/pool`, without an object an entry: they cross threads. */
interface ScanResult {
  readonly ids: Float64Array<ArrayBuffer>;
  /** paths relative to the root: of all entries but directories named by a plain decimal number, and of foreign ones in the pool */
  readonly unknown: readonly string[];
  /** one bit for each part that an id has, the first part lowest */
  readonly parts: Uint8Array<ArrayBuffer>;
}

/** A directory of more bytes than this, some hundred entries, is scanned on a thread of its own. */
const smallDirectory = 16 * 1024;
/** entries between two turns of the event loop */
const slice = 2_000;

/**
 * A driver's scans of `ROOT/snapshots`. Only a directory named by a plain decimal number has an id. A scan of a large store
 * never blocks the event loop.
 */
export function scansOf(job: ScanJob, foundAt: (entry: Entry) => Found): Pick<VolumeDriver, 'scan' | 'scanIds'> {
  const isLarge = () => lstatSync(`${job.root}/snapshots`).size > smallDirectory;
  return {
    scan: (signal) =>
      guarded('scan of snapshots/', async () => {
        const result = isLarge() ? await onThread(job, signal) : readSnapshots(job);
        return foundIn(job, result, foundAt);
      }),
    scanIds: (signal) =>
      guarded('scan of snapshots/', async () => {
        if (!isLarge()) return undefined;
        const { ids, unknown } = await onThread({ ...job, parts: [] }, signal);
        return { ids, unknownEntries: unknown.length };
      }),
  };
}

/** The program beside this file, compiled or not. */
const program = workerProgram(import.meta.url, 'scan-worker');

async function onThread({ root, parts, inode }: ScanJob, signal: AbortSignal | undefined): Promise<ScanResult> {
  const worker = new Worker(program, { workerData: { root, parts, inode } });
  const { promise, resolve, reject } = deferred<ScanResult>();
  worker.on('message', resolve);
  worker.on('error', reject);
  worker.on('exit', () => reject(new Error('the thread of the scan has ended')));
  try {
    return await untilAborted(promise, signal);
  } finally {
    void worker.terminate();
  }
}

/** Reads the names, then inspects every snapshot's directory, without a pause. Throws errors of the file system. */
export function readSnapshots({ root, parts, inode }: ScanJob): ScanResult {
  const ids: number[] = [];
  const unknown: string[] = [];
  for (const entry of readdirSync(`${root}/snapshots`, { withFileTypes: true })) {
    const id = entry.isDirectory() ? idOfName(entry.name) : null;
    if (id === null) unknown.push(`snapshots/${entry.name}`);
    else ids.push(id);
  }
  unknown.push(...foreignInPool(root).map((name) => `pool/${name}`));
  const has = (path: string) => {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats?.isDirectory() === true && (inode === undefined || stats.ino === inode);
  };
  const bits = (id: number) =>
    parts.reduce((sum, part, bit) => (has(`${root}/snapshots/${id}/${part}`) ? sum | (1 << bit) : sum), 0);
  return { ids: Float64Array.from(ids), unknown, parts: Uint8Array.from(ids, bits) };
}

async function foundIn(
  { parts: names }: ScanJob,
  { ids, unknown, parts }: ScanResult,
  foundAt: (entry: Entry) => Found,
): Promise<readonly Found[]> {
  const none = names.map(() => false);
  // Each directory has one of a few combinations of parts, which are shared.
  const combinations = Array.from({ length: 1 << names.length }, (_, bits) =>
    names.map((_, bit) => (bits & (1 << bit)) !== 0),
  );
  const found = unknown.map((path) => foundAt({ path, id: null, has: none }));
  for (const [index, id] of ids.entries()) {
    if (index > 0 && index % slice === 0) await yieldToLoop();
    found.push(foundAt({ path: `snapshots/${id}`, id, has: combinations[parts[index] ?? 0] ?? none }));
  }
  return found;
}
