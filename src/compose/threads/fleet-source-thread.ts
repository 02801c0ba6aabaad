import { Worker } from 'node:worker_threads';
import { createKurrentFleetSource } from '../../adapters/event-log/kurrentdb/fleet/fleet-source.ts';
import { workerProgram } from '../../adapters/system/files.ts';
import { errorText } from '../../ports/fault.ts';
import type {
  ClusterPosition,
  FleetBatch,
  FleetRequest,
  FleetSource,
  StoreBatch,
  StoreHead,
} from '../../ports/fleet-source.ts';
import { deferred, untilAborted, withTimeout } from '../../ports/promises.ts';
import { type StoreLines, textOf } from './fleet-lines.ts';
import { type FaultText, faultFrom, itemsFrom } from './fleet-text.ts';

/** What the thread reads. */
export interface ReadJob {
  readonly url: string;
  readonly after: ClusterPosition | undefined;
  readonly heads: readonly (readonly [string, StoreHead])[];
}

/** What the thread sends. The items of a batch cross as bytes of JSON: plain objects take three times as long. */
export type FromThread = (Pick<FleetBatch, 'at' | 'caughtUp'> & StoreLines) | { readonly fault: FaultText };

const program = workerProgram(import.meta.url, 'fleet-source-worker');

/** batches that wait for the reader */
export const ahead = 2;

/** milliseconds that a thread gets to close its connections */
const ending = 2_000;

/**
 * The stores of a cluster, read and verified on a thread of its own, so that the reader's thread has only the rest
 * to do. Otherwise as `createKurrentFleetSource`, with the items of a batch by store.
 */
export function createFleetSourceThread(url: string): FleetSource<StoreBatch> {
  const { where } = createKurrentFleetSource({ url });
  return {
    where,
    read: async function* (request) {
      const thread = startThread(url, request);
      try {
        for (;;) {
          const batch = await untilAborted(thread.next(), request.signal);
          yield batch;
        }
      } catch (error) {
        if (!request.signal.aborted) throw error;
      } finally {
        await thread.end();
      }
    },
  };
}

function startThread(url: string, { after, heads }: FleetRequest) {
  const job: ReadJob = { url, after, heads: [...heads] };
  // Events of a batch live for a while: with a small young generation they are copied again and again.
  const worker = new Worker(program, { workerData: job, resourceLimits: { maxYoungGenerationSizeMb: 96 } });
  const received: FromThread[] = [];
  let wake = () => {};
  const receive = (message: FromThread) => {
    received.push(message);
    wake();
  };
  worker.on('message', receive);
  worker.on('error', (error) => receive({ fault: threadFault(error) }));
  const exit = new Promise<void>((resolve) => {
    worker.on('exit', (status) => {
      receive({ fault: threadFault(`exit status ${status}`) });
      resolve();
    });
  });
  return {
    next: async (): Promise<FleetBatch<StoreBatch>> => {
      while (received.length === 0) {
        const { promise, resolve } = deferred();
        wake = resolve;
        await promise;
      }
      const [message] = received.splice(0, 1) as [FromThread];
      if ('fault' in message) throw faultFrom(message.fault);
      worker.postMessage('next');
      const { bytes, stores, at, caughtUp } = message;
      const items = stores.map((range) => {
        const { store, count } = range;
        return { store, count, items: () => itemsFrom(store, textOf(bytes, range)) };
      });
      return { items, at, caughtUp };
    },
    end: async () => {
      worker.postMessage('end');
      await withTimeout(ending, exit);
      await worker.terminate();
    },
  };
}

const threadFault = (error: unknown): FaultText => ({
  code: 'io',
  message: `the thread that reads the cluster ended: ${errorText(error)}`,
  hint: 'it is started again',
});
