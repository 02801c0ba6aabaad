import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Daemon } from '../support/daemon.ts';
import { onDisk, stateOfRoot, verified } from '../support/inspect-store.ts';
import type { Loop } from '../support/loop.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { codeOf, keysOf, type SnapshotsClient } from '../support/snapshots-client.ts';
import { flawIn, type KnownFile, writeFiles } from '../torture/content.ts';
import { collectGarbage } from './collect-garbage.ts';
import { createServing, type Serving } from './serving.ts';
import { bytesFree, type SmallDisk, smallDisks, writeSmallFiles } from './small-disk.ts';

interface Context {
  disk: SmallDisk;
  sandbox: Sandbox;
  loop: Loop;
  serving: Serving;
  daemon: Daemon;
  client: SnapshotsClient;
}

const files: readonly KnownFile[] = [
  { name: 'one', text: 'one', bytes: 300_000 },
  { name: 'folder/two', text: 'two', bytes: 40_000 },
];
const actives = ['k0', 'k1', 'k2', 'k3'];

/** A layer, and four actives of two megabytes on it, with as much metadata if the file system allocates it separately. */
async function begin(disk: SmallDisk): Promise<Context> {
  const { driver } = disk;
  const sandbox = createSandbox('full-disk');
  const loop = disk.make();
  const root = join(loop.path, 'root');
  const serving = createServing(sandbox, { driver: driver.name, root });
  const daemon = await serving.start();
  const client = serving.connect();
  await client.prepare('extract');
  writeFiles(driver.layer(root, { id: 1, kind: 'active' }), files);
  await client.commit('base', 'extract');
  for (const [n, key] of actives.entries()) {
    await client.prepare(key, { parent: 'base' });
    const layer = driver.layer(root, { id: n + 2, kind: 'active' });
    writeFiles(layer, [{ name: 'data', text: key, bytes: 2 << 20 }]);
    // A prepare needs metadata space, which a removal frees only if it holds some.
    if (disk.type === 'btrfs') writeSmallFiles(layer, 1200);
  }
  return { disk, sandbox, loop, serving, daemon, client };
}

/** What is given up on btrfs so that a refusal can be recorded lets some more through: so many in a row are for good. */
const refusalsForGood = 5;

/** Makes snapshots until the disk refuses them for good; answers those that were made. */
async function prepareUntilFull(client: SnapshotsClient): Promise<readonly string[]> {
  const made: string[] = [];
  for (let n = 0, refusals = 0; n < 5000; n++) {
    const key = `more ${n}`;
    const code = await codeOf(client.prepare(key, { parent: 'base' }));
    if (code === 'OK') {
      made.push(key);
      refusals = 0;
    } else {
      assert.is(code, 'RESOURCE_EXHAUSTED');
      refusals += 1;
      if (refusals === refusalsForGood) return made;
    }
  }
  return assert.unreachable('the disk never became full') as never;
}

/** Removals succeed and free space; then every operation works and the acknowledged state is intact. */
async function recoverFrom({ disk, loop, serving, client }: Context, made: readonly string[]): Promise<void> {
  assert.equal(await keysOf(client), [...actives, 'base', ...made].sort());
  const before = bytesFree(loop);
  for (const key of ['k0', 'k1']) await client.remove(key);
  await client.cleanup();
  const freed = bytesFree(loop) - before;
  assert.ok(freed > 3 << 20, `${freed} bytes freed`);
  await client.prepare('after', { parent: 'base' });
  await client.commit('layer', 'k2');
  assert.is(flawIn(disk.driver.layer(serving.root, { id: 1, kind: 'committed' }), files), undefined);
  const { status, text } = await verified(serving.root);
  assert.is(status, 0, text);
  await collectGarbage(client);
  assert.equal(onDisk(serving.root), { snapshots: [], quarantine: [] });
}

function fullDiskTests(test: Test<Context>): void {
  test('refuses what needs space with RESOURCE_EXHAUSTED, removes, and recovers', async (context) => {
    const { disk, loop, client } = context;
    disk.fill(loop);
    const made = await prepareUntilFull(client);
    for (let tries = 0; tries < 20; tries++)
      assert.is(await codeOf(client.prepare('one more', { parent: 'base' })), 'RESOURCE_EXHAUSTED');
    assert.is((await client.stat('base')).name, 'base');
    await recoverFrom(context, made);
  });

  test('commits, or refuses to commit, and loses neither the active nor the layer', async (context) => {
    const { disk, loop, client } = context;
    disk.fill(loop);
    const made = await prepareUntilFull(client);
    const code = await codeOf(client.commit('k3 layer', 'k3'));
    assert.ok(['OK', 'RESOURCE_EXHAUSTED'].includes(code), code);
    if (code === 'OK') await client.remove('k3 layer');
    else await client.remove('k3');
    await client.prepare('k3', { parent: 'base' });
    await recoverFrom(context, made);
  });

  for (const end of ['kill', 'stop'] as const)
    test(`starts again on the full disk after a ${end}`, async (context) => {
      const { disk, loop, serving, daemon, client } = context;
      disk.fill(loop);
      const made = await prepareUntilFull(client);
      client.close();
      await daemon[end]();
      disk.fill(loop);
      context.daemon = await serving.start();
      context.client = serving.connect();
      await recoverFrom(context, made);
    });

  test('keeps what it acknowledged if snapshots fill the disk, and keeps running', async (context) => {
    const { disk, loop, serving, client } = context;
    let code = 'OK';
    for (let n = 0; code === 'OK'; n++) {
      code = await codeOf(client.prepare(`data ${n}`));
      if (code !== 'OK') break;
      const id = (await stateOfRoot(serving.root)).index.get(`data ${n}`)?.id ?? 0;
      try {
        const layer = disk.driver.layer(serving.root, { id, kind: 'active' });
        writeFiles(layer, [{ name: 'f', text: 'f', bytes: 3 << 20 }]);
      } catch {
        disk.fill(loop);
      }
      code = await codeOf(client.commit(`layer ${n}`, `data ${n}`));
    }
    assert.is(code, 'RESOURCE_EXHAUSTED');
    const acknowledged = await keysOf(client);
    await context.daemon.kill();
    context.daemon = await serving.start();
    const again = serving.connect();
    assert.equal(await keysOf(again), acknowledged);
    assert.is(await collectGarbage(again), acknowledged.length);
    assert.equal(readdirSync(join(serving.root, 'snapshots')), []);
  });
}

for (const disk of smallDisks) {
  const test = suiteNeeding<Context>(`${disk.driver.name} on a full disk`, ...disk.needs);
  test.before.each(async (context) => void Object.assign(context, await begin(disk)));
  test.after.each(async ({ sandbox, loop }) => {
    await sandbox.close();
    loop.end();
  });
  fullDiskTests(test);
  test.run();
}
