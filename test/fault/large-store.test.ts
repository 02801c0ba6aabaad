import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../cli/process.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { fillRoot, livingIds, nameOf } from '../support/fill-root.ts';
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

/** Enough for threads to scan the volumes and verify the log, which is not replayed completely. */
const amount = { snapshots: 2000, events: 25_000 };
const { first, last } = livingIds(amount);
/** Repeated: nine layers of an image, then a container. */
const container = last;
const topLayer = last - 1;

const test = suiteNeeding<Context>('large store', requireFileSystem('overlay'));
test.before.each(async (context) => {
  context.sandbox = createSandbox('large');
  context.root = join(context.sandbox.path, 'root');
  await fillRoot(context.root, amount);
  context.address = join(context.sandbox.path, 's.sock');
});
test.after.each(({ sandbox }) => sandbox.close());

/** Starts the daemon, runs the work, and ends it; returns the ended daemon. */
async function whileServing(
  { sandbox, root, address }: Context,
  work: (client: SnapshotsClient) => Promise<void> = async () => {},
  end: 'stop' | 'kill' = 'stop',
): Promise<Daemon> {
  const command = serverUnderTest('overlay').command(root, address);
  const daemon = await startDaemon({ command, address, log: join(sandbox.path, 'daemon.log'), sandbox });
  const client = connectSnapshots(address);
  await work(client).finally(client.close);
  await daemon[end]();
  return daemon;
}

/** Deletes everything below `snapshots/`. */
const takeAway = ({ root }: Context, path: string) => rmSync(join(root, 'snapshots', path), { recursive: true });
const exists = ({ root }: Context, path: string) => existsSync(join(root, 'snapshots', path));

async function eventsOf(root: string, type: string): Promise<readonly { readonly data: { readonly id: string } }[]> {
  const { stdout } = await snapledgerRun('log', '--type', type, '--json', '--root', root);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

const inOrder = async (root: string) =>
  assert.match((await snapledgerRun('verify', '--root', root)).stdout, 'all in order');

test('has the state of a full replay without a checkpoint, and continues from there', async (context) => {
  await whileServing(context, async (client) => {
    assert.is((await client.list()).length, amount.snapshots);
    await client.prepare('default/new/k');
    assert.ok(exists(context, `${last + 1}/fs`), 'no id is assigned twice');
  });
  // Compares the checkpoint that was written at the end with a replay of every event.
  await inOrder(context.root);
});

test('is scanned completely after a kill', async (context) => {
  await whileServing(context, undefined, 'kill');
  takeAway(context, `${container}/work`);
  takeAway(context, `${first + 9}`);
  await whileServing(context, async (client) => {
    assert.is((await client.list()).length, amount.snapshots - 1);
    assert.ok(exists(context, `${container}/work`));
  });
  const lost = await eventsOf(context.root, 'VolumeLost');
  assert.equal(
    lost.map(({ data }) => Number(data.id)),
    [first + 9],
  );
  await inOrder(context.root);
});

test('finds a missing volume before its first answer, and missing content soon after it', async (context) => {
  await whileServing(context);
  takeAway(context, `${container}/work`);
  const daemon = await whileServing(context, () =>
    waitFor('the missing part to be created', () => exists(context, `${container}/work`)),
  );
  assert.match(daemon.log(), 'volumes changed while the daemon was stopped');
  takeAway(context, `${topLayer}`);
  await whileServing(context, async (client) => {
    const names = (await client.list()).map(({ name }) => name);
    assert.is(names.length, amount.snapshots - 2, 'the layer, and the container on it');
    assert.not(names.includes(nameOf(topLayer)));
  });
  await inOrder(context.root);
});

test.run();
