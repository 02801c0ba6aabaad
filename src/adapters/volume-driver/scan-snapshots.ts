import { lstatSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { type ScanJob, type Scanned, scan } from './scan-job.ts';

/** An entry below `snapshots/`, and the directories in it that a driver asked for. */
export interface Entry {
  /** relative to the root */
  readonly path: string;
  readonly id: number | null;
  readonly has: readonly boolean[];
}

/** A directory of more bytes than this, some hundred entries, is looked at by a thread of its own. */
const smallDirectory = 16 * 1024;

/** The program beside this file, compiled or not. */
const program = new URL(`./scan-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/**
 * Everything that stands below `ROOT/snapshots`, and which of the parts each numbered directory has. Anything but a
 * directory named by a plain decimal number has no id. A large store never holds up the event loop.
 */
export async function scanSnapshots(job: ScanJob): Promise<readonly Entry[]> {
  const { size } = lstatSync(`${job.root}/snapshots`);
  return entriesOf(job, size > smallDirectory ? await onThread(job) : scan(job));
}

function onThread(job: ScanJob): Promise<Scanned> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(program, { workerData: job });
    worker.on('message', resolve);
    worker.on('error', reject);
  });
}

function entriesOf({ parts: names }: ScanJob, { ids, parts, strangers }: Scanned): readonly Entry[] {
  const none = names.map(() => false);
  const entries: Entry[] = strangers.map((name) => ({ path: `snapshots/${name}`, id: null, has: none }));
  // What a directory has is one of a few combinations: they are shared.
  const combinations = Array.from({ length: 1 << names.length }, (_, bits) =>
    names.map((_, bit) => (bits & (1 << bit)) !== 0),
  );
  ids.forEach((id, index) => {
    entries.push({ path: `snapshots/${id}`, id, has: combinations[parts[index] ?? 0] ?? none });
  });
  return entries;
}
