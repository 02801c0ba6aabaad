import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Daemon } from '../support/daemon.ts';
import { onDisk, stateOfRoot, verified } from '../support/inspect-store.ts';
import { logAndRethrow } from '../support/log-and-rethrow.ts';
import type { Loop } from '../support/loop.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { keysOf, type SnapshotsClient } from '../support/snapshots-client.ts';
import { collectGarbage } from './collect-garbage.ts';
import { btrfs as driver } from './drivers.ts';
import { createServing, type Serving } from './serving.ts';
import { fillBlocks, smallDiskFor, useUpMetadata, writeSmallFiles } from './small-disk.ts';

interface Context {
  sandbox: Sandbox;
  loop: Loop;
  serving: Serving;
  daemon: Daemon;
  client: SnapshotsClient;
}

const disk = smallDiskFor(driver);
const files = 3000;
const actives = Array.from({ length: 12 }, (_, n) => `k${n}`);

const test = suiteNeeding<Context>('btrfs without metadata', ...disk.needs);

const layersOf = async ({ root }: Serving, keys: readonly string[]) => {
  const { index } = await stateOfRoot(root);
  return keys.map((key) => driver.layer(root, { id: index.get(key)?.id ?? 0, kind: 'active' }));
};

/** A layer of small files, actives on it that share them, and layers with all of them changed, removed and retained. */
async function begin(context: Context, retained: number): Promise<void> {
  const { sandbox, loop } = context;
  const root = join(loop.path, 'root');
  const retention = retained > 0 ? 'min_free = "0%"' : 'enabled = false';
  const serving = createServing(sandbox, { driver: driver.name, root, retention });
  const daemon = await serving.start();
  const client = serving.connect();
  await client.prepare('extract');
  writeSmallFiles(driver.layer(root, { id: 1, kind: 'active' }), files);
  await client.commit('base', 'extract');
  for (let n = 0; n < retained; n++) {
    await client.prepare(`extract ${n}`);
    writeSmallFiles(driver.layer(root, { id: n + 2, kind: 'active' }), files);
    await client.commit(`layer ${n}`, `extract ${n}`);
    await client.remove(`layer ${n}`);
  }
  for (const key of actives) await client.prepare(key, { parent: 'base' });
  Object.assign(context, { serving, daemon, client });
  fillBlocks(loop);
  useUpMetadata(loop, await layersOf(serving, actives), files);
}

test.before.each((context) =>
  logAndRethrow(async () => {
    context.sandbox = createSandbox('full-metadata');
    context.loop = disk.make();
  }),
);
test.after.each(async ({ sandbox, loop }) => {
  await sandbox.close();
  loop.end();
});

/** Removals succeed and free metadata space; then every operation works and the acknowledged state is intact. */
async function recoverFrom({ serving, client }: Context): Promise<void> {
  assert.equal(await keysOf(client), ['base', ...actives].sort());
  for (const key of ['k0', 'k1', 'k2']) await client.remove(key);
  await client.cleanup();
  await client.prepare('after', { parent: 'base' });
  await client.commit('layer', 'k3');
  const { status, text } = await verified(serving.root);
  assert.is(status, 0, text);
  await collectGarbage(client);
  assert.equal(onDisk(serving.root), { snapshots: [], quarantine: [] });
}

test('removes even if a write in place finds no space, and recovers', async (context) => {
  await begin(context, 0);
  await recoverFrom(context);
});

test('starts again without metadata space after a kill', async (context) => {
  await begin(context, 0);
  context.client.close();
  await context.daemon.kill();
  context.daemon = await context.serving.start();
  context.client = context.serving.connect();
  await recoverFrom(context);
});

test('never refuses a prepare for metadata that retained layers hold', async (context) => {
  await begin(context, 1);
  const { client, serving } = context;
  assert.is((await stateOfRoot(serving.root)).volumes.retained.size, 1);
  await client.prepare('after', { parent: 'base' });
  assert.is((await stateOfRoot(serving.root)).volumes.retained.size, 0);
  const { status, text } = await verified(serving.root);
  assert.is(status, 0, text);
});

test.run();
