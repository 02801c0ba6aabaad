import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Daemon } from '../support/daemon.ts';
import { onDisk, stateOfRoot, verified } from '../support/inspect-store.ts';
import { logAndRethrow } from '../support/log-and-rethrow.ts';
import { createLoop } from '../support/loop.ts';
import { requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { codeOf, keysOf, type SnapshotsClient } from '../support/snapshots-client.ts';
import { flawIn, type KnownFile, writeFiles } from '../torture/content.ts';
import { collectGarbage } from './collect-garbage.ts';
import { type DriverUnderTest, driversUnderTest, overlay } from './drivers.ts';
import { createServing, type Serving } from './serving.ts';
import { fillers, fillQuota, limitedSubvolume } from './small-disk.ts';

interface Context {
  driver: DriverUnderTest;
  sandbox: Sandbox;
  /** the subvolume that has a quota, and in it the root */
  limited: string;
  serving: Serving;
  daemon: Daemon;
  client: SnapshotsClient;
}

const files: readonly KnownFile[] = [{ name: 'one', text: 'one', bytes: 300_000 }];
const actives = ['k0', 'k1', 'k2', 'k3'];
const btrfs = (...args: readonly string[]) => execFileSync('btrfs', args, { encoding: 'utf8' });

/** A subvolume of a large disk that may hold 32 MiB, in it a root with a layer and four actives of two megabytes on it. */
async function begin(driver: DriverUnderTest, retention?: string): Promise<Context> {
  const sandbox = createSandbox('quota');
  const loop = createLoop('btrfs', { megabytes: 512 });
  sandbox.atEnd(loop.end);
  const limited = limitedSubvolume(loop, '32M');
  const root = join(limited, 'root');
  const serving = createServing(sandbox, { driver: driver.name, root, ...(retention && { retention }) });
  const daemon = await serving.start();
  const client = serving.connect();
  await client.prepare('extract');
  writeFiles(driver.layer(root, { id: 1, kind: 'active' }), files);
  await client.commit('base', 'extract');
  for (const [n, key] of actives.entries()) {
    await client.prepare(key, { parent: 'base' });
    writeFiles(driver.layer(root, { id: n + 2, kind: 'active' }), [{ name: 'data', text: key, bytes: 2 << 20 }]);
  }
  return { driver, sandbox, limited, serving, daemon, client };
}

/** What the quota counts, in bytes. */
function counted({ limited }: Context): number {
  execFileSync('sync', ['--file-system', limited]);
  const [, bytes] = /^0\/\d+\s+(\d+)/m.exec(btrfs('qgroup', 'show', '--raw', '-f', limited)) ?? [];
  return Number(bytes);
}

/** Removals succeed; once they or other writers have freed space, every operation works and the acknowledged state is intact. */
async function recoverFrom(context: Context): Promise<void> {
  const { driver, serving, client, limited } = context;
  assert.equal(await keysOf(client), [...actives, 'base'].sort());
  const before = counted(context);
  for (const key of ['k0', 'k1']) await client.remove(key);
  await client.cleanup();
  assert.equal(onDisk(serving.root).snapshots, ['1', '4', '5']);
  // A quota on the root's subvolume does not count the layers of the btrfs driver, which are subvolumes of their own.
  if (driver.name === 'overlay') assert.ok(before - counted(context) > 3 << 20);
  else rmSync(join(limited, fillers), { recursive: true });
  execFileSync('sync', ['--file-system', limited]);
  await client.prepare('after', { parent: 'base' });
  await client.commit('layer', 'k2');
  assert.is(flawIn(driver.layer(serving.root, { id: 1, kind: 'committed' }), files), undefined);
  const { status, text } = await verified(serving.root);
  assert.is(status, 0, text);
  await collectGarbage(client);
  assert.equal(onDisk(serving.root), { snapshots: [], quarantine: [] });
}

function quotaTests(test: Test<Context>): void {
  test('refuses what needs space with RESOURCE_EXHAUSTED and names the quota, removes, and recovers', async (context) => {
    const { client, serving } = context;
    fillQuota(context.limited);
    for (let tries = 0; tries < 20; tries++)
      assert.is(await codeOf(client.prepare('one more', { parent: 'base' })), 'RESOURCE_EXHAUSTED');
    assert.match(serving.lastWords(), /EDQUOT.*a disk quota is used up/);
    assert.is((await client.stat('base')).name, 'base');
    await recoverFrom(context);
  });

  for (const end of ['kill', 'stop'] as const)
    test(`starts again over quota after a ${end}`, async (context) => {
      const { serving, daemon, client } = context;
      fillQuota(context.limited);
      assert.is(await codeOf(client.prepare('one more', { parent: 'base' })), 'RESOURCE_EXHAUSTED');
      client.close();
      await daemon[end]();
      context.daemon = await serving.start();
      context.client = serving.connect();
      await recoverFrom(context);
    });

  test('commits over quota or refuses to, and loses neither the active nor the layer', async (context) => {
    const { client } = context;
    fillQuota(context.limited);
    const code = await codeOf(client.commit('k3 layer', 'k3'));
    assert.ok(['OK', 'RESOURCE_EXHAUSTED'].includes(code), code);
    await client.remove(code === 'OK' ? 'k3 layer' : 'k3');
    rmSync(join(context.limited, fillers), { recursive: true });
    await client.prepare('k3', { parent: 'base' });
    assert.equal(await keysOf(client), [...actives, 'base'].sort());
  });
}

for (const driver of driversUnderTest) {
  const needs = [...driver.needs, requireFileSystem('btrfs')];
  const test = suiteNeeding<Context>(`${driver.name} over quota`, ...needs);
  test.before.each((context) => logAndRethrow(async () => void Object.assign(context, await begin(driver))));
  test.after.each(({ sandbox }) => sandbox.close());
  quotaTests(test);
  test.run();
}

const retaining = suiteNeeding<Context>(
  'retention over quota',
  requireFileSystem('overlay'),
  requireFileSystem('btrfs'),
);
retaining.after.each(({ sandbox }) => sandbox.close());

retaining('never refuses a prepare for the quota that retained layers hold', async (context) => {
  Object.assign(context, await begin(overlay, 'min_free = "0%"'));
  const { client, serving } = context;
  await client.commit('layer', 'k0');
  await client.remove('layer');
  assert.is((await stateOfRoot(serving.root)).volumes.retained.size, 1);
  fillQuota(context.limited);
  await client.prepare('after', { parent: 'base' });
  assert.is((await stateOfRoot(serving.root)).volumes.retained.size, 0);
  const lock = readFileSync(join(serving.root, 'lock'), 'utf8');
  assert.match(lock, String(context.daemon.pid));
});

retaining.run();
