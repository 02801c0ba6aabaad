import { chmodSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { ownKeyOf } from '../../projections/snapshot.ts';
import { createServing } from '../fault/serving.ts';
import { pullFlags } from '../support/containerd/pull.ts';
import { isContainerd, requireTools } from '../support/containerd/tools.ts';
import { snapshotterName, startContainerd } from '../support/containerd.ts';
import { stateOfRoot } from '../support/inspect-store.ts';
import { createLoop } from '../support/loop.ts';
import { startRegistry } from '../support/registry.ts';
import { requireFileSystem, suiteNeeding, testUnless } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { pushApp } from './cri/images.ts';
import { earlierUse } from './earlier-use.ts';
import { needs } from './environment.ts';

const test = suiteNeeding<{ sandbox: Sandbox }>('user namespaces', ...needs(), requireFileSystem('ext4'));

test.before.each((context) => {
  context.sandbox = createSandbox('user-namespaces');
  // The host user of the container's root needs access to its root file system.
  for (const path of ['', 'containerd', 'containerd/state']) chmodSync(context.sandbox.folder(path), 0o711);
});
test.after.each(({ sandbox }) => sandbox.close());

interface Way {
  readonly remapIds: boolean;
  readonly capabilities: readonly string[];
  /** flags of `ctr run` beside the mapping */
  readonly flags: readonly string[];
}

/** Every id of the container is 100,000 more on the host. */
const mapping = ['--uidmap', '0:100000:65536', '--gidmap', '0:100000:65536'];

/** Looks at the image's files, creates and changes some; its exit status says whether all is right inside. */
const script = `set -e
is() { test "$(stat -c %u:%g:%a $1)" = $2; }
is /etc/passwd 0:0:644
is /srv/owned/file 1000:2000:600
chmod 640 /srv/owned/file
is /srv/owned/file 1000:2000:640
echo new > /srv/new
echo changed > /srv/name
touch /srv/given
chown 5:6 /srv/given
is /srv/given 5:6:644
is /srv/name 0:0:644`;

/** Runs two containers of an image in user namespaces; returns the root, and the number of its committed snapshots. */
async function run(sandbox: Sandbox, { remapIds, capabilities, flags }: Way) {
  const loop = createLoop('ext4', { megabytes: 96 });
  sandbox.atEnd(loop.end);
  const root = join(loop.path, 'root');
  const registry = await startRegistry(sandbox);
  await earlierUse(sandbox, root, registry);
  await createServing(sandbox, { driver: 'overlay', root, settings: `[overlay]\nremap_ids = ${remapIds}` }).start();
  const { ctr, namespace } = await startContainerd(sandbox, join(sandbox.path, 's.sock'), { capabilities });
  const image = await pushApp(registry, 'app', 1 << 16);
  const snapshotter = ['--snapshotter', snapshotterName];
  await ctr('images', 'pull', ...pullFlags('client'), ...snapshotter, image);
  for (const id of ['first', 'second'])
    await ctr('run', ...snapshotter, ...mapping, ...flags, image, id, '/bin/sh', '-c', script);
  const { index } = await stateOfRoot(root);
  const snapshots = [...index.values()].filter(({ key }) => key.startsWith(`${namespace}/`));
  const volume = (key: string) => snapshots.find((one) => ownKeyOf(one.key) === key)?.id;
  return {
    upper: join(root, `snapshots/${volume('first')}/fs`),
    committed: snapshots.filter(({ kind }) => kind === 'committed').length,
  };
}

/** Owner and group on the host of what the container created and changed. */
const expected = {
  '': [0, 0],
  'srv/new': [0, 0],
  'srv/name': [0, 0],
  'srv/given': [5, 6],
  'srv/owned/file': [1000, 2000],
};

function expectOwners(upper: string): void {
  const owners = Object.keys(expected).map((path) => {
    const { uid, gid } = lstatSync(join(upper, path));
    return [path, [uid - 100_000, gid - 100_000]];
  });
  assert.equal(Object.fromEntries(owners), expected);
}

test('copy by the client: files have the right owners inside and outside, and a second container shares it', async ({
  sandbox,
}) => {
  const { upper, committed } = await run(sandbox, { remapIds: false, capabilities: [], flags: [] });
  expectOwners(upper);
  assert.is(committed, 3);
});

const missing = requireTools('containerd');
const before17 = missing ?? (isContainerd(1, 7) ? undefined : 'before 1.7 containerd makes no copy if it sends labels');
const before2 = missing ?? (isContainerd(2) ? undefined : 'before 2.0 containerd does not mount with mapped ids');
const labelled = ['--remap-labels'];

testUnless(
  test,
  before17,
  'copy by containerd: the labels that it sends map nothing a second time',
  async ({ sandbox }) => {
    const { upper, committed } = await run(sandbox, { remapIds: false, capabilities: [], flags: labelled });
    expectOwners(upper);
    assert.is(committed, 3);
  },
);

testUnless(
  test,
  before2,
  'remap-ids: the mount maps ids, copy-up included, and no layer is copied',
  async ({ sandbox }) => {
    const { upper, committed } = await run(sandbox, { remapIds: true, capabilities: ['remap-ids'], flags: labelled });
    expectOwners(upper);
    assert.is(committed, 2);
  },
);

test.run();
