import { createHash, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { snapledgerRun } from '../../cli/process.ts';
import { createEnvironment, type Environment } from '../../e2e/environment.ts';
import { afterthoughts, base, changes } from '../../e2e/layers.ts';
import { type Entry, file } from '../../support/image/entries.ts';
import { imageOf, layerOf } from '../../support/image/image.ts';
import { pushImage } from '../../support/image/push.ts';
import type { Sandbox } from '../../support/sandbox.ts';
import { serverUnderTest } from '../../support/server.ts';
import { connectSnapshots, type SnapshotsClient } from '../../support/snapshots-client.ts';

/** Every character that a key can have, and what browsers treat in a special way. */
const everyCharacter = Array.from({ length: 0x17f }, (_, at) => String.fromCharCode(at + 1)).join('');
export const hostile = {
  markup: 'web/7001/<script>document.title="owned"</script><img src=x onerror=alert(1)>',
  reversed: 'web/7002/\u202egnp.tnecsid\u202c \u05d0\u05d1\u05d2',
  long: `web/7003/${'long-'.repeat(800)}`,
  every: `web/7004/${everyCharacter}`,
} as const;

/** Images that no registry has: kibibytes of their layers. */
const others = {
  'registry.example/shop/web:1.4.2': [2400, 900, 120, 40],
  'registry.example/shop/api:2.0.1': [1800, 600, 300],
  'registry.example/base/db:16': [3200, 1500, 60, 60, 20],
} as const;

/** Layers as a kubelet's pull makes them, with content, and a container on them. */
async function addImage(snapshots: SnapshotsClient, image: string, sizes: readonly number[]): Promise<void> {
  const labels = { 'containerd.io/snapshot/cri.image-ref': image };
  let parent = '';
  for (const [at, kibibytes] of sizes.entries()) {
    const digest = createHash('sha256').update(`${image} ${at}`).digest('hex');
    const key = `k8s.io/${at}/extract-${digest.slice(0, 9)} sha256:${digest}`;
    const [mount] = await snapshots.prepare(key, { parent, labels });
    const upper = mount?.options.find((option) => option.startsWith('upperdir='))?.slice(9) ?? mount?.source ?? '';
    writeFileSync(join(upper, `part-${at}`), randomBytes(kibibytes * 1024));
    const name = `k8s.io/${at}/sha256:${digest}`;
    await snapshots.commit(name, key, { labels });
    parent = name;
  }
  const container = createHash('sha256').update(image).digest('hex');
  await snapshots.prepare(`k8s.io/90/${container}`, { parent, labels });
}

export interface FilledStore {
  readonly environment: Environment;
  readonly root: string;
  /** the snapshotter under the daemon's own address */
  readonly snapshots: SnapshotsClient;
  /** id of the highest layer of an image */
  readonly top: string;
}

/** A store with a real containerd's images, one of them removed and its layer retained, and some as a kubelet pulls them. */
export async function fillStore(sandbox: Sandbox): Promise<FilledStore> {
  const settings = join(sandbox.path, 'settings.toml');
  writeFileSync(settings, '[retention]\nmin_free = "1MiB"\n');
  const root = sandbox.folder('store');
  const environment = await createEnvironment(sandbox, root, serverUnderTest('overlay', ['--config', settings]));
  const pull = async (name: string, layers: readonly (readonly Entry[])[]) => {
    const image = imageOf(layers.map(layerOf), { User: '', Env: ['PATH=/bin'] });
    const reference = await pushImage(environment.registry, name, '1', image);
    await environment.pull(reference);
    return reference;
  };
  const gone = await pull('gone', [base(), [file('gone', 'a'.repeat(100_000))]]);
  await pull('shop', [base(), changes(), afterthoughts()]);
  await environment.containerd.ctr('images', 'remove', '--sync', gone);
  // Its garbage collection would remove what it does not know.
  await environment.containerd.stop();
  const snapshots = connectSnapshots(join(sandbox.path, 'snapshotter.sock'));
  sandbox.atEnd(() => snapshots.close());
  for (const [name, sizes] of Object.entries(others)) await addImage(snapshots, name, sizes);
  const listed = await snapledgerRun('ls', 'kind==committed', '--json', '--root', root);
  const rows = listed.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; key: string });
  const top = rows.filter(({ key }) => key.startsWith('test-')).at(-1)?.id ?? '';
  return { environment, root, snapshots, top };
}
