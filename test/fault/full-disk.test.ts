import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Daemon } from '../support/daemon.ts';
import { onDisk, stateOfRoot, verified } from '../support/inspect-store.ts';
import { createLoop, type Loop } from '../support/loop.ts';
import { requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { CallFailure, type SnapshotsClient } from '../support/snapshots-client.ts';
import { flawIn, type KnownFile, writeFiles } from '../torture/content.ts';
import { collect } from './collect.ts';
import { createServing, type Serving } from './serving.ts';

interface Context {
  sandbox: Sandbox;
  loop: Loop;
  serving: Serving;
  daemon: Daemon;
  client: SnapshotsClient;
}

const test = suiteNeeding<Context>('overlay on a full disk', requireFileSystem('ext4'), requireFileSystem('overlay'));

const files: readonly KnownFile[] = [
  { name: 'one', text: 'one', bytes: 300_000 },
  { name: 'folder/two', text: 'two', bytes: 40_000 },
];
const actives = ['k0', 'k1', 'k2', 'k3'];

/** A layer, and four actives of two megabytes on it. */
test.before.each(async (context) => {
  context.sandbox = createSandbox('full-disk');
  context.loop = createLoop('ext4', { megabytes: 48, format: ['-m', '0'] });
  const root = join(context.loop.path, 'root');
  context.serving = createServing(context.sandbox, { driver: 'overlay', root });
  context.daemon = await context.serving.start();
  context.client = context.serving.connect();
  const { client } = context;
  await client.prepare('extract');
  writeFiles(layerOf(root, 1), files);
  await client.commit('base', 'extract');
  for (const [n, key] of actives.entries()) {
    await client.prepare(key, { parent: 'base' });
    writeFiles(layerOf(root, n + 2), [{ name: 'data', text: key, bytes: 2 << 20 }]);
  }
});
test.after.each(async ({ sandbox, loop }) => {
  await sandbox.close();
  loop.end();
});

const layerOf = (root: string, id: number) => join(root, 'snapshots', String(id), 'fs');

/** Takes every block that is left. */
function fill({ path }: Loop): void {
  const fd = openSync(join(path, 'filler'), 'a');
  for (let bytes = 1 << 20; bytes >= 1; )
    try {
      writeSync(fd, Buffer.alloc(bytes));
    } catch {
      bytes = Math.floor(bytes / 2);
    }
  closeSync(fd);
  execFileSync('sync', ['--file-system', path]);
}

const room = ({ path }: Loop) => {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
};

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'OK',
    (error) => (error instanceof CallFailure ? error.code : String(error)),
  );

const keysOf = async (client: SnapshotsClient) => (await client.list()).map(({ name }) => name).sort();

/** Makes snapshots until the disk refuses one; answers those that were made. */
async function prepareUntilFull(client: SnapshotsClient): Promise<readonly string[]> {
  const made: string[] = [];
  for (let n = 0; n < 5000; n++) {
    const key = `more ${n}`;
    const code = await codeOf(client.prepare(key, { parent: 'base' }));
    if (code === 'OK') made.push(key);
    else {
      assert.is(code, 'RESOURCE_EXHAUSTED');
      return made;
    }
  }
  return assert.unreachable('the disk never became full') as never;
}

/** Removals are taken and free space, after which everything works and all is as it was acknowledged. */
async function recoverFrom({ loop, serving, client }: Context, made: readonly string[]): Promise<void> {
  assert.equal(await keysOf(client), [...actives, 'base', ...made].sort());
  const before = room(loop);
  for (const key of ['k0', 'k1']) await client.remove(key);
  await client.cleanup();
  assert.ok(room(loop) - before > 3 << 20, `${room(loop) - before} bytes freed`);
  await client.prepare('after', { parent: 'base' });
  await client.commit('layer', 'k2');
  assert.is(flawIn(layerOf(serving.root, 1), files), undefined);
  const { status, text } = await verified(serving.root);
  assert.is(status, 0, text);
  await collect(client);
  assert.equal(onDisk(serving.root), { snapshots: [], quarantine: [] });
}

test('refuses what takes space by RESOURCE_EXHAUSTED, lives, removes, and goes on', async (context) => {
  const { loop, client } = context;
  fill(loop);
  const made = await prepareUntilFull(client);
  for (let tries = 0; tries < 20; tries++)
    assert.is(await codeOf(client.prepare('one more', { parent: 'base' })), 'RESOURCE_EXHAUSTED');
  assert.is((await client.stat('base')).name, 'base');
  await recoverFrom(context, made);
});

test('commits, or refuses to commit, and loses neither the active nor the layer', async (context) => {
  const { loop, client } = context;
  fill(loop);
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
    const { loop, serving, daemon, client } = context;
    fill(loop);
    const made = await prepareUntilFull(client);
    client.close();
    await daemon[end]();
    fill(loop);
    context.daemon = await serving.start();
    context.client = serving.connect();
    await recoverFrom(context, made);
  });

test('keeps what it acknowledged where the disk is full of snapshots, and is not stopped by it', async (context) => {
  const { loop, serving, client } = context;
  let code = 'OK';
  for (let n = 0; code === 'OK'; n++) {
    code = await codeOf(client.prepare(`data ${n}`));
    if (code !== 'OK') break;
    const { index } = await stateOfRoot(serving.root);
    try {
      writeFiles(layerOf(serving.root, index.get(`data ${n}`)?.id ?? 0), [{ name: 'f', text: 'f', bytes: 3 << 20 }]);
    } catch {
      fill(loop);
    }
    code = await codeOf(client.commit(`layer ${n}`, `data ${n}`));
  }
  assert.is(code, 'RESOURCE_EXHAUSTED');
  const acknowledged = await keysOf(client);
  await context.daemon.kill();
  context.daemon = await serving.start();
  const again = serving.connect();
  assert.equal(await keysOf(again), acknowledged);
  assert.is(await collect(again), acknowledged.length);
  rmSync(join(loop.path, 'filler'), { force: true });
  assert.equal(readdirSync(join(serving.root, 'snapshots')), []);
});

test.run();
