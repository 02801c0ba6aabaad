import { parentPort, workerData } from 'node:worker_threads';
import { createFleetSourceOf } from '../../adapters/event-log/kurrentdb/fleet/fleet-source.ts';
import { faultOf } from '../../ports/fault.ts';
import { deferred } from '../../ports/promises.ts';
import { createLines, linesByStore } from './fleet-lines.ts';
import { ahead, type FromThread, type ReadJob } from './fleet-source-thread.ts';
import { faultText, lineOf } from './fleet-text.ts';

/** The thread's program: sends batches as long as the reader keeps up. */
const { url, after, heads } = workerData as ReadJob;
const ending = new AbortController();
let credit = ahead;
let wake = () => {};
parentPort?.on('message', (message: 'next' | 'end') => {
  if (message === 'end') ending.abort();
  else credit += 1;
  wake();
});

async function permitted(): Promise<void> {
  while (credit === 0 && !ending.signal.aborted) {
    const { promise, resolve } = deferred();
    wake = resolve;
    await promise;
  }
  credit -= 1;
}

try {
  const placed = createLines();
  const source = createFleetSourceOf({ url }, (item) => placed(item.store, lineOf(item)));
  for await (const { items, at, caughtUp } of source.read({ after, heads: new Map(heads), signal: ending.signal })) {
    const lines = linesByStore(items);
    await permitted();
    if (ending.signal.aborted) break;
    parentPort?.postMessage({ ...lines, at, caughtUp } satisfies FromThread, [lines.bytes]);
  }
} catch (error) {
  parentPort?.postMessage({ fault: faultText(faultOf(error, 'reading the cluster')) } satisfies FromThread);
} finally {
  parentPort?.close();
}
