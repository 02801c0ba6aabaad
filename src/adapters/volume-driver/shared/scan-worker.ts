import { parentPort, workerData } from 'node:worker_threads';
import { readSnapshots, type ScanJob } from './scan.ts';

// The thread of a scan: its only message is the result, and what it throws is the thread's error.
const result = readSnapshots(workerData as ScanJob);
parentPort?.postMessage(result, [result.ids.buffer, result.parts.buffer]);
