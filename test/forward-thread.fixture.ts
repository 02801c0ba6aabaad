import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { type ForwardStatus, notYet } from '../src/app/forward/status.ts';
import type { ForwardJob } from '../src/compose/threads/forward-thread.ts';

/** A thread that reports every durable position as forwarded; the first one in a root dies of it instead. */
const { root } = workerData as ForwardJob;
const marker = join(root, 'marker');
const first = !existsSync(marker);
writeFileSync(marker, '');
parentPort?.on('message', (position: number) => {
  if (first) throw new Error('the first life is over');
  const status: ForwardStatus = { ...notYet, state: 'forwarding', position };
  parentPort?.postMessage(status);
});
