import { parentPort } from 'node:worker_threads';
import { doTreeJob, type TreeJob } from './tree-job.ts';

/** The thread's program: answers jobs in the order in which they come. */
parentPort?.on('message', (job: TreeJob) => parentPort?.postMessage(doTreeJob(job)));
