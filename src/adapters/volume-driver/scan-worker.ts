import { parentPort, workerData } from 'node:worker_threads';
import { type ScanJob, scan } from './scan-job.ts';

/** The thread's program: one scan, handed over without a copy, the names first. What it throws is the thread's error. */
const scanned = scan(workerData as ScanJob, (numbers) => parentPort?.postMessage({ numbers }, [numbers.ids.buffer]));
parentPort?.postMessage({ scanned }, [scanned.ids.buffer, scanned.parts.buffer]);
