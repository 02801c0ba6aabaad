import { once } from 'node:events';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { lookInto, readNames, type ScanJob } from './scan-job.ts';
import type { Told } from './scan-snapshots.ts';

/** The thread's program: the names at once, the rest when it is asked for. What it throws is the thread's error. */
async function scan(job: ScanJob, port: MessagePort): Promise<void> {
  const names = readNames(job);
  port.postMessage({ names } satisfies Told);
  await once(port, 'message');
  const parts = lookInto(job, names.ids);
  port.postMessage({ parts } satisfies Told, [parts.buffer]);
  port.close();
}

if (parentPort !== null) await scan(workerData as ScanJob, parentPort);
