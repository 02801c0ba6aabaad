import { existsSync, readdirSync, rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { workerProgram } from '../../adapters/system/files.ts';
import { dropManifest, type LayerOf, manifestsIn } from '../../adapters/volume-driver/shared/layers/manifest.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import type { Manifests } from '../../ports/layers.ts';
import { deferred } from '../../ports/promises.ts';

/** What the thread is to do. */
export interface ManifestJob {
  readonly root: string;
  readonly driver: string;
  readonly layer: LayerOf;
}

/** The program beside this file, compiled or not. */
const program = workerProgram(import.meta.url, 'manifest-worker');

/** Manifests in `ROOT/manifests`, each made by a thread that ends with it. `expectRoot` throws where the root is another one at present. */
export function createManifests(root: string, driver: string, expectRoot: () => void): Manifests {
  const underWay = new Set<Worker>();
  const directory = manifestsIn(root);
  return {
    known: () =>
      (existsSync(directory) ? readdirSync(directory) : [])
        .flatMap((name) => /^(\d+)\.gz$/.exec(name)?.[1] ?? [])
        .map(Number),
    make: async ({ id, parents }) => {
      expectRoot();
      const worker = new Worker(program, {
        workerData: { root, driver, layer: { id, parents } } satisfies ManifestJob,
      });
      underWay.add(worker);
      // It keeps no process alive that has nothing else to do.
      worker.unref();
      const { promise, resolve, reject } = deferred();
      worker.on('message', () => resolve());
      worker.on('error', (error) => reject(faultOf(error, `manifest of volume ${id}`)));
      worker.on('exit', () => {
        underWay.delete(worker);
        reject(new Fault('stopped', `manifest of volume ${id}: was not finished`, { hint: 'the next start makes it' }));
      });
      return promise;
    },
    drop: (id) => {
      expectRoot();
      dropManifest(root, id);
    },
    close: async () => void (await Promise.all([...underWay].map((worker) => worker.terminate()))),
  };
}

/** Removes what was kept while manifests were on: what nobody looks after any more would only get stale. */
export const removeManifests = (root: string): void => rmSync(manifestsIn(root), { recursive: true, force: true });
