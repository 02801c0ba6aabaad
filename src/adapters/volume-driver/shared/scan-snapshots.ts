import { lstatSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { SnapshotIds } from '../../../ports/volume-driver.ts';
import { mapInSlices } from './map-in-slices.ts';
import { lookInto, type Names, type Parts, readNames, type ScanJob } from './scan-job.ts';

/** An entry below `snapshots/`, and the directories in it that a driver asked for. */
export interface Entry {
  /** relative to the root */
  readonly path: string;
  readonly id: number | null;
  readonly has: readonly boolean[];
}

/** A scan that has begun. */
export interface Scanning {
  /** undefined where there was nothing to wait for */
  readonly numbers: Promise<SnapshotIds | undefined>;
  /** To be called once: a thread begins with the rest then. */
  entries(): Promise<readonly Entry[]>;
  /** Ends it: what was not told by then never is. */
  abandon(): void;
}

/** A directory of more bytes than this, some hundred entries, is looked at by a thread of its own. */
const smallDirectory = 16 * 1024;

/** The program beside this file, compiled or not. */
const program = new URL(`./scan-worker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/**
 * Everything that stands below `ROOT/snapshots`, and which of the parts each numbered directory has. Anything but a
 * directory named by a plain decimal number has no id. A large store never holds up the event loop. Throws errors of the
 * file system, or rejects with them.
 */
export function scanSnapshots(job: ScanJob): Scanning {
  const { size } = lstatSync(`${job.root}/snapshots`);
  if (size > smallDirectory) return onThread(job);
  const names = readNames(job);
  const entries = entriesOf(job, names, lookInto(job, names.ids));
  return { numbers: Promise.resolve(undefined), entries: () => entries, abandon: () => {} };
}

/** What the thread tells: the names, then what is inside. */
export interface Told {
  readonly names?: Names;
  readonly parts?: Parts;
}

function onThread(job: ScanJob): Scanning {
  const worker = new Worker(program, { workerData: job });
  const told = <T>(pick: (told: Told) => T | undefined) =>
    new Promise<T>((resolve, reject) => {
      worker.on('message', (message: Told) => {
        const value = pick(message);
        if (value !== undefined) resolve(value);
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new Error('the scan was ended')));
    });
  const names = told(({ names }) => names);
  const parts = told(({ parts }) => parts);
  const numbers = names.then(({ ids, strangers }): SnapshotIds => ({ ids, unknownEntries: strangers.length }));
  for (const promise of [numbers, parts]) promise.catch(() => {});
  const entries = async () => {
    worker.postMessage('go on');
    return entriesOf(job, await names, await parts);
  };
  return { numbers, entries, abandon: () => void worker.terminate() };
}

async function entriesOf(job: ScanJob, { ids, strangers }: Names, parts: Parts): Promise<readonly Entry[]> {
  const none = job.parts.map(() => false);
  const unnamed = strangers.map((name): Entry => ({ path: `snapshots/${name}`, id: null, has: none }));
  // What a directory has is one of a few combinations: they are shared.
  const combinations = Array.from({ length: 1 << job.parts.length }, (_, bits) =>
    job.parts.map((_, bit) => (bits & (1 << bit)) !== 0),
  );
  const numbered = await mapInSlices(
    ids,
    (id, index): Entry => ({ path: `snapshots/${id}`, id, has: combinations[parts[index] ?? 0] ?? none }),
  );
  return [...unnamed, ...numbered];
}
