import { parentPort, workerData } from 'node:worker_threads';
import { type ScanJob, scan } from './scan-job.ts';

/** The thread's program: one scan, handed over without a copy. What it throws is the thread's error. */
const scanned = scan(workerData as ScanJob);
parentPort?.postMessage(scanned, [scanned.ids.buffer, scanned.parts.buffer]);
