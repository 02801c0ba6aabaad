import { Worker } from 'node:worker_threads';
import { workerProgram } from '../../adapters/system/files.ts';
import type { LayerWork } from '../../adapters/volume-driver/shared/layers/layer-work.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import { type Deferred, deferred } from '../../ports/promises.ts';

/** What the thread is to do. */
export type LayerJob =
  | { readonly operation: 'merge' | 'copy'; readonly layer: string; readonly tree: string }
  | { readonly operation: 'clean'; readonly layer: string };

/** The thread's answer to each job, in their order. Threads drop the classes of errors. */
export type LayerAnswer = { readonly done: number } | { readonly failed: Failed };

interface Failed {
  readonly message: string;
  readonly errno?: number | undefined;
  readonly hint?: string | undefined;
}

/** The program beside this file, compiled or not. */
const program = workerProgram(import.meta.url, 'layer-worker');

/** Does the work on a thread, which begins with the first job and keeps the process alive only while it has one. */
export function createLayerThread(): LayerWork {
  const waiting: Deferred<number>[] = [];
  let worker: Worker | undefined;
  const end = (error: Error) => {
    worker = undefined;
    for (const job of waiting.splice(0)) job.reject(error);
  };
  const start = () => {
    const started = new Worker(program);
    started.on('message', (answer: LayerAnswer) => {
      // After a close another thread may have begun: the waiting jobs are that one's.
      if (worker !== started) return;
      const job = waiting.shift();
      if (waiting.length === 0) started.unref();
      if ('done' in answer) job?.resolve(answer.done);
      else job?.reject(failure(answer.failed));
    });
    started.on('error', (error) => {
      if (worker === started) end(faultOf(error, 'the thread that changes layers'));
    });
    started.unref();
    return started;
  };
  const run = (job: LayerJob): Promise<number> => {
    worker ??= start();
    worker.ref();
    const answer = deferred<number>();
    waiting.push(answer);
    worker.postMessage(job);
    return answer.promise;
  };
  return {
    start: () => {
      worker ??= start();
    },
    merge: async (layer, tree) => void (await run({ operation: 'merge', layer, tree })),
    copy: async (layer, tree) => void (await run({ operation: 'copy', layer, tree })),
    clean: (layer) => run({ operation: 'clean', layer }),
    close: async () => {
      const ending = worker;
      end(new Fault('stopped', 'the change of a layer was not finished', { hint: 'it is undone at the next start' }));
      await ending?.terminate();
    },
  };
}

function failure({ message, errno, hint }: Failed): Error {
  if (hint !== undefined) return new Fault('unsupported', message, { hint });
  return Object.assign(new Error(message), { errno });
}
