import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../cli/process.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { filledRoot, livingIds, nameOf } from '../support/filled-root.ts';
import { requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { serverUnderTest } from '../support/server.ts';
import { connectSnapshots, type SnapshotsClient } from '../support/snapshots-client.ts';
import { waitFor } from '../support/wait-for.ts';

interface Context {
  sandbox: Sandbox;
  root: string;
  address: string;
}

/** So many that threads look at the volumes and verify the log, which is not replayed as a whole. */
const amount = { snapshots: 2000, events: 25_000 };
const { first, last } = livingIds(amount);
/** Nine layers of an image, then a container, over and over. */
const container = last;
const topLayer = last - 1;

const test = suiteNeeding<Context>('a large store', requireFileSystem('overlay'));
test.before.each(async (context) => {
  context.sandbox = createSandbox('large');
  context.root = await filledRoot(amount, context.sandbox);
  context.address = join(context.sandbox.path, 's.sock');
});
test.after.each(({ sandbox }) => sandbox.close());

async function serve({ sandbox, root, address }: Context): Promise<{ daemon: Daemon; client: SnapshotsClient }> {
  const command = serverUnderTest('overlay').command(root, address);
  const daemon = await startDaemon({ command, address, log: join(sandbox.path, 'daemon.log'), sandbox });
  return { daemon, client: connectSnapshots(address) };
}

async function eventsOf(root: string, type: string): Promise<readonly { readonly data: { readonly id: string } }[]> {
  const { stdout } = await snapledgerRun('log', '--type', type, '--json', '--root', root);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

const inOrder = async (root: string) =>
  assert.match((await snapledgerRun('verify', '--root', root)).stdout, 'all in order');

test('without a checkpoint has the state of a whole replay, and goes on from there', async (context) => {
  const one = await serve(context);
  assert.is((await one.client.list()).length, amount.snapshots);
  await one.client.prepare('default/new/k');
  assert.ok(existsSync(join(context.root, `snapshots/${last + 1}/fs`)), 'no number is given twice');
  one.client.close();
  await one.daemon.stop();
  // Compares the checkpoint that was written at the end with a replay of every event.
  await inOrder(context.root);
});

test('is looked at as a whole after a kill', async (context) => {
  const one = await serve(context);
  one.client.close();
  await one.daemon.kill();
  rmSync(join(context.root, `snapshots/${container}/work`), { recursive: true });
  rmSync(join(context.root, `snapshots/${first + 9}`), { recursive: true });
  const two = await serve(context);
  assert.is((await two.client.list()).length, amount.snapshots - 1);
  assert.ok(existsSync(join(context.root, `snapshots/${container}/work`)));
  two.client.close();
  await two.daemon.stop();
  const lost = await eventsOf(context.root, 'VolumeLost');
  assert.equal(
    lost.map(({ data }) => Number(data.id)),
    [first + 9],
  );
  await inOrder(context.root);
});

test('misses a volume before its first answer, and what is inside of one soon after it', async (context) => {
  const one = await serve(context);
  one.client.close();
  await one.daemon.stop();
  rmSync(join(context.root, `snapshots/${container}/work`), { recursive: true });
  const two = await serve(context);
  await waitFor('the missing part to be made', () => existsSync(join(context.root, `snapshots/${container}/work`)));
  two.client.close();
  await two.daemon.stop();
  assert.match(two.daemon.log(), 'volumes are not as they were left');
  rmSync(join(context.root, `snapshots/${topLayer}`), { recursive: true });
  const three = await serve(context);
  const names = (await three.client.list()).map(({ name }) => name);
  assert.is(names.length, amount.snapshots - 2, 'the layer, and the container on it');
  assert.not(names.includes(nameOf(topLayer)));
  three.client.close();
  await three.daemon.stop();
  await inOrder(context.root);
});

test.run();
