import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { openFileEventLog } from '../../../src/adapters/event-log/file/file-event-log.ts';
import type { ForwardStatus } from '../../../src/app/forward/status.ts';
import { eventsOf, now } from '../../adapters/event-log/kurrentdb/cluster.ts';
import { startDaemon } from '../../support/daemon.ts';
import { freePort } from '../../support/free-port.ts';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';

/**
 * How many events a second the forwarder's thread sends to a stand-in for a cluster, in a process of its own that writes them
 * to a file: `node build/test/bench/events/forward-rate.js [EVENTS]`. From the first event that is known to be there to the last.
 */
const count = Number(process.argv[2] ?? 60_000);
const rounds = 3;
const sandbox = createSandbox('bench-forward');

async function fill(root: string, store: string): Promise<void> {
  mkdirSync(root, { recursive: true });
  const { log } = await openFileEventLog({ directory: join(root, 'log'), store, preallocate: () => {} });
  for (let after = 0; after < count; after += 1000) await log.append(eventsOf(store, 1000, after), now);
  await log.close();
}

async function forward(root: string, store: string, port: number): Promise<number> {
  const url = `kurrentdb://127.0.0.1:${port}?tls=false`;
  const worker = new Worker(join(import.meta.dirname, '../../../src/compose/threads/forward-worker.js'), {
    workerData: { root, store, url },
  });
  let began: { at: number; position: number } | undefined;
  try {
    return await new Promise((resolve, reject) => {
      worker.on('error', reject);
      worker.on('message', ({ state, position, error }: ForwardStatus) => {
        if (state !== 'forwarding') return reject(new Error(`${state}: ${error}`));
        if (position > 0) began ??= { at: performance.now(), position };
        if (position === count && began !== undefined)
          resolve(((count - began.position) / (performance.now() - began.at)) * 1000);
      });
      worker.postMessage(count);
    });
  } finally {
    await worker.terminate();
  }
}

closeSandboxesOnSignal();
try {
  const port = await freePort();
  const program = join(import.meta.dirname, '../../support/kurrent/process.js');
  const file = join(sandbox.path, 'streams');
  const log = join(sandbox.path, 'server.log');
  await startDaemon({ command: [process.execPath, program, String(port), file], address: port, log, sandbox });
  const rates: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const store = crypto.randomUUID();
    const root = join(sandbox.path, store);
    await fill(root, store);
    rates.push(Math.round(await forward(root, store, port)));
  }
  console.log(JSON.stringify({ events: count, perSecond: rates }));
} finally {
  await sandbox.close();
}
