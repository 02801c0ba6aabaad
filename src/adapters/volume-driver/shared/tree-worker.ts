import { parentPort } from 'node:worker_threads';
import { doTreeJob, type TreeAnswer, type TreeRequest, type TreeResponse } from './tree-job.ts';
import { createWalks } from './walks.ts';

/** The thread's program: answers each job when it ends. */
const walks = createWalks<TreeAnswer>((id, answer) => parentPort?.postMessage({ id, answer } satisfies TreeResponse));
parentPort?.on('message', (request: TreeRequest) => {
  if ('left' in request) walks.leave(request.left);
  else walks.begin(request.id, doTreeJob(request.job));
});
