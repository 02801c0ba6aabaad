import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEnvironment } from '../../e2e/environment.ts';
import { buildPuller } from '../../support/build-go.ts';
import { snapshotterName } from '../../support/containerd.ts';
import { startCountingProxy } from '../../support/counting-proxy.ts';
import { pushImage } from '../../support/image/push.ts';
import { run } from '../../support/run.ts';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { serverUnderTest } from '../../support/server.ts';
import { median } from '../rows/statistics.ts';
import { imageOfLayers } from './images.ts';

/**
 * What retention saves: an image is pulled as CRI pulls, deleted, collected, and pulled again. `node build/test/bench/end-to-end/repull.js
 * [LAYERS] [MEGABYTES] [ROUNDS]`, as root. Prints for each round the milliseconds and the bytes of layers fetched, of a pull where
 * nothing is retained (`first`) and of one where all is (`again`), then the medians and their ratio.
 */
const [layers = 12, megabytes = 120, rounds = 5] = process.argv.slice(2).map(Number);

const sandbox = createSandbox('bench-repull');
closeSandboxesOnSignal();
try {
  const settings = join(sandbox.path, 'retention.toml');
  writeFileSync(settings, '[retention]\nmin_free = "0%"\n');
  const server = serverUnderTest('overlay', ['--config', settings]);
  const environment = await createEnvironment(sandbox, sandbox.folder('store'), server);
  const proxy = await startCountingProxy(sandbox, environment.registry);
  const puller = await buildPuller();
  const { address, namespace } = environment.containerd;
  const times = { first: [] as number[], again: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    // Another image each time: the first pull of it finds nothing retained.
    const image = imageOfLayers(layers, megabytes);
    const tag = `round-${round}`;
    await pushImage(environment.registry, 'bench', tag, image);
    for (const which of ['first', 'again'] as const) {
      await run('sync', []);
      proxy.reset();
      const began = performance.now();
      await run(puller, [address, namespace, snapshotterName, `${proxy.host}/bench:${tag}`]);
      const milliseconds = Math.round(performance.now() - began);
      times[which].push(milliseconds);
      const bytes = image.layers.reduce((sum, { digest }) => sum + proxy.fetched(digest).bytes, 0);
      console.log(JSON.stringify({ round, which, milliseconds, layerBytes: bytes }));
      await environment.removeAll();
    }
  }
  const [first, again] = [median(times.first), median(times.again)];
  console.log(JSON.stringify({ layers, megabytes, first, again, ratio: first / again }));
} finally {
  await sandbox.close();
}
