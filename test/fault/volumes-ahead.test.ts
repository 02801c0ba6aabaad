import { closeSync, existsSync, openSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../cli/process.ts';
import { eventsOf, onDisk, verified } from '../support/inspect-store.ts';
import { createLoop, type Loop } from '../support/loop.ts';
import { requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { codeOf, type SnapshotsClient } from '../support/snapshots-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { collectGarbage } from './collect-garbage.ts';
import { type DriverUnderTest, driversUnderTest, overlay } from './drivers.ts';
import { createServing, type Serving } from './serving.ts';
import { fillBlocks } from './small-disk.ts';

const poolIn = (root: string) => readdirSync(join(root, 'pool'));
const inodesIn = (root: string) => poolIn(root).map((name) => statSync(join(root, 'pool', name)).ino);
const complete = (root: string) => poolIn(root).filter((name) => existsSync(join(root, 'pool', name, 'work'))).length;

/** Makes a change, after which the daemon is idle, and waits until it has filled the pool. */
async function idle(client: SnapshotsClient, { root }: Serving, size: number): Promise<void> {
  await client.update('base', {});
  await waitFor('volumes made ahead', async () => {
    if (complete(root) === size) return true;
    await client.update('base', {});
    return false;
  });
}

async function begin(sandbox: Sandbox, driver: DriverUnderTest, root: string) {
  const serving = createServing(sandbox, { driver: driver.name, root });
  const daemon = await serving.start();
  const client = serving.connect();
  await client.prepare('extract');
  await client.commit('base', 'extract');
  return { serving, daemon, client };
}

async function inSandbox(action: (sandbox: Sandbox) => Promise<void>): Promise<void> {
  const sandbox = createSandbox('ahead');
  try {
    await action(sandbox);
  } finally {
    await sandbox.close();
  }
}

async function expectVerified(root: string): Promise<void> {
  const { status, text } = await verified(root);
  assert.is(status, 0, text);
}

function on(driver: DriverUnderTest): void {
  const test = suiteNeeding(`volumes made ahead on ${driver.name}`, ...driver.needs);
  const size = driver.name === 'overlay' ? 8 : 2;

  test('are no finding of verify, beside a daemon and after a kill, and are deleted by the next start', () =>
    inSandbox(async (sandbox) => {
      const root = driver.newRoot(sandbox);
      const { serving, daemon, client } = await begin(sandbox, driver, root);
      await idle(client, serving, size);
      await expectVerified(root);
      client.close();
      await daemon.kill();
      const left = inodesIn(root);
      assert.is(left.length, size);
      // They stay allocated, so that new ones have other inodes.
      const held = poolIn(root).map((name) => openSync(join(root, 'pool', name), 'r'));
      await expectVerified(root);
      const again = await serving.start();
      assert.not.ok(inodesIn(root).some((inode) => left.includes(inode)));
      for (const fd of held) closeSync(fd);
      assert.equal(onDisk(root).quarantine, []);
      const next = serving.connect();
      await idle(next, serving, size);
      await again.stop();
      assert.equal(poolIn(root), []);
    }));

  test('are made when a daemon begins to serve, before the first change', () =>
    inSandbox(async (sandbox) => {
      const root = driver.newRoot(sandbox);
      const daemon = await createServing(sandbox, { driver: driver.name, root }).start();
      await waitFor('volumes made ahead', () => complete(root) === size);
      await daemon.stop();
      assert.equal(poolIn(root), []);
    }));

  test('are quarantined with an event if they hold something, and show in no snapshot', () =>
    inSandbox(async (sandbox) => {
      const root = driver.newRoot(sandbox);
      const { serving, daemon, client } = await begin(sandbox, driver, root);
      await idle(client, serving, size);
      for (const name of poolIn(root)) writeFileSync(join(root, 'pool', name, 'fs', 'foreign'), 'mine');
      const [mount] = [await client.prepare('k')];
      assert.equal(readdirSync(await driver.upper(root, mount)), []);
      const { status, text } = await verified(root);
      assert.is(status, 1, text);
      assert.match(text, 'is no empty volume');
      client.close();
      await daemon.kill();
      await serving.start();
      assert.is(onDisk(root).quarantine.length, size);
      assert.is((await eventsOf(root)).filter((type) => type === 'OrphanQuarantined').length, size);
      await expectVerified(root);
      assert.is((await snapledgerRun('log', '--root', root, '--type', 'OrphanQuarantined')).status, 0);
    }));

  test.run();
}

for (const driver of driversUnderTest) on(driver);

const test = suiteNeeding('volumes made ahead on a disk that fills', ...overlay.needs, requireFileSystem('ext4'));

/** What becomes short, and how. */
const shortages: readonly { name: string; format: readonly string[]; use(loop: Loop): void }[] = [
  { name: 'blocks', format: ['-m', '0'], use: fillBlocks },
  // 2,048 inodes, of which the test leaves a few.
  {
    name: 'inodes',
    format: ['-N', '2048'],
    use: ({ path }) => {
      for (let n = 0; n < 1980; n++) writeFileSync(join(path, `file-${n}`), '');
    },
  },
];

for (const { name, format, use } of shortages)
  test(`are given up before a Prepare is refused for lack of ${name}, and are not made again there`, () =>
    inSandbox(async (sandbox) => {
      const loop = createLoop('ext4', { megabytes: 128, format });
      sandbox.atEnd(loop.end);
      const { serving, client } = await begin(sandbox, overlay, join(loop.path, 'root'));
      await idle(client, serving, 8);
      use(loop);
      let code = 'OK';
      for (let n = 0; code === 'OK'; n++) code = await codeOf(client.prepare(`k ${n}`, { parent: 'base' }));
      assert.is(code, 'RESOURCE_EXHAUSTED');
      assert.equal(poolIn(serving.root), []);
      await client.remove('k 0');
      await client.cleanup();
      await client.prepare('after', { parent: 'base' });
      assert.equal(poolIn(serving.root), []);
      await expectVerified(serving.root);
      await collectGarbage(client);
      assert.equal(onDisk(serving.root), { snapshots: [], quarantine: [] });
    }));

test.run();
