import { parentPort } from 'node:worker_threads';
import { nativeCalls } from '../../adapters/system/native-calls.ts';
import { cleanLayer, copyLayer, mergeLayer } from '../../adapters/volume-driver/shared/layers/merge-layer.ts';
import { Fault } from '../../ports/fault.ts';
import type { LayerAnswer, LayerJob } from './layer-thread.ts';

function run(job: LayerJob): LayerAnswer {
  try {
    const { files } = nativeCalls();
    if (job.operation === 'clean') return { done: cleanLayer(files, job.layer) };
    if (job.operation === 'copy') copyLayer(files, job.layer, job.tree);
    else mergeLayer(files, job.layer, job.tree, { keep: true });
    return { done: 0 };
  } catch (error) {
    const { message, errno } = error as NodeJS.ErrnoException;
    return { failed: { message, errno, hint: error instanceof Fault ? error.hint : undefined } };
  }
}

parentPort?.on('message', (job: LayerJob) => parentPort?.postMessage(run(job)));
