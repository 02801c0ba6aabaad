import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename, join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { followLog } from '../../adapters/event-log/file/read/read-log-directory.ts';
import { openKurrentEventLog } from '../../adapters/event-log/kurrentdb/open-kurrent-event-log.ts';
import { createRootGuard } from '../../adapters/system/root/root-guard.ts';
import { Forwarder } from '../../app/forward/forwarder.ts';
import { guardReads } from '../../app/guarded.ts';
import { createLabelFilter } from '../../domain/filter/omit-labels.ts';
import type { ForwardJob } from './forward-thread.ts';

/** In all, for one call: what stays unknown longer is reported, and found out by opening the stream anew. */
const retry = { answer: 4_000, outcome: 4_000, unanswered: 4_000 };

/** The thread's program: reads the log's own files, so that the writers' thread has no part in it, and takes what time they leave. */
const { root, store, url, omitLabels } = workerData as ForwardJob;
setPriority(Number(basename(readlinkSync('/proc/thread-self'))), constants.priority.PRIORITY_BELOW_NORMAL);
// The files are read by their paths, and another root's events must never reach the stream.
const guard = createRootGuard(root);
guard.watch([{ name: 'log' }]);
const forwarder = new Forwarder({
  source: guardReads(guard, followLog(join(root, 'log'), store)),
  openTarget: async () => (await openKurrentEventLog({ url, store, retry, largest: Number.POSITIVE_INFINITY })).log,
  outgoing: createLabelFilter(omitLabels),
  onStatus: (status) => parentPort?.postMessage(status),
});
parentPort?.on('message', (position: number) => forwarder.advance(position));
