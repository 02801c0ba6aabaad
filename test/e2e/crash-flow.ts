import { type Puller, pullers, requirePuller } from '../support/containerd/pull.ts';
import { snapshotterName } from '../support/containerd.ts';
import { expectedTree } from '../support/image/expected-tree.ts';
import { imageOf, layerOf } from '../support/image/image.ts';
import { pushImage } from '../support/image/push.ts';
import { logAndRethrow } from '../support/log-and-rethrow.ts';
import { type Missing, suiteNeeding, testUnless } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import type { Server } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { createEnvironment, type Environment, needs } from './environment.ts';
import { base, filler } from './layers.ts';

const layers = [base(), ...Array.from({ length: 9 }, (_, number) => filler(number))];

/** The server dies by SIGKILL while an image is pulled, and only needs a restart. */
export function crashFlow(server: Server, root?: string, needed?: Missing): void {
  const test = suiteNeeding(`kill -9 of ${server.name} under containerd`, ...needs(), needed);
  let sandbox: Sandbox;
  let environment: Environment;
  let reference: string;

  test.before(() =>
    logAndRethrow(async () => {
      sandbox = createSandbox('crash');
      environment = await createEnvironment(sandbox, root ?? sandbox.folder('store'), server);
      const image = imageOf(layers.map(layerOf), { Env: ['PATH=/bin'] });
      reference = await pushImage(environment.registry, 'large', '1', image);
    }),
  );
  test.after(() => sandbox.close());

  for (const [puller, volumes] of pullers.flatMap((puller) =>
    [1, 2, 4, 7, 10].map((count) => [puller, count] as const),
  )) {
    const name = `pull by the ${puller}: succeeds after a kill when ${volumes} of ${layers.length} layers have a volume`;
    testUnless(test, requirePuller(puller), name, async () => {
      await killDuringPull(environment, reference, puller, volumes);
      await environment.startSnapshotter();
      await environment.pull(reference, puller);
      await environment.expectTree(reference, expectedTree(layers));
      await environment.expectNothingLeft();
      await environment.expectVerified();
    });
  }

  test('keeps a running container on its snapshot', async () => {
    const { containerd } = environment;
    await environment.pull(reference);
    const start = ['run', '--detach', '--net-host', '--snapshotter', snapshotterName];
    await containerd.ctr(...start, reference, 'survivor', '/bin/sh', '-c', 'sleep 600');
    await environment.killSnapshotter();
    const exec = (id: string, script: string) =>
      containerd.ctr('tasks', 'exec', '--exec-id', id, 'survivor', '/bin/sh', '-c', script);
    await exec('before', 'echo kept > /srv/note');
    await environment.startSnapshotter();
    await exec('after', 'test "$(cat /srv/note)" = kept');
    await containerd.ctr('tasks', 'delete', '--force', 'survivor');
    await environment.expectNothingLeft();
    await environment.expectVerified();
  });

  test.run();
}

/** Pulls until so many volumes are on disk or the pull is over, kills the snapshotter, and waits until the pull has ended. */
async function killDuringPull(environment: Environment, reference: string, puller: Puller, enough: number) {
  let over = false;
  const pull = environment
    .pull(reference, puller)
    .catch(() => {})
    .finally(() => {
      over = true;
    });
  await waitFor(`${enough} volumes`, () => over || environment.volumes().length >= enough, { pause: 1 });
  await environment.killSnapshotter();
  await pull;
}
