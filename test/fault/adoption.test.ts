import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Labels } from '../../events/codecs.ts';
import { insideMount } from '../support/inside-mount.ts';
import { stateOfRoot, verified } from '../support/inspect-store.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { layerLabels } from '../support/sample-events.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { CallFailure, type SnapshotsClient } from '../support/snapshots-client.ts';
import { collectGarbage } from './collect-garbage.ts';
import { type DriverUnderTest, driversUnderTest } from './drivers.ts';
import { createServing } from './serving.ts';

const ref = 'containerd.io/snapshot.ref';
const layers = [layerLabels('a', 'a'), layerLabels('b', 'd', 'a')] as const;

/** Pulls as the unpacker of containerd 2.3: labels at Prepare and Commit, and a List for what exists already. */
function createPuller(client: SnapshotsClient, driver: DriverUnderTest, root: string) {
  let sequence = 0;
  const unpack = async (key: string, labels: Labels) => {
    const snapshot = (await stateOfRoot(root)).index.get(key);
    assert.ok(snapshot);
    const layer = driver.layer(root, snapshot);
    writeFileSync(join(layer, `file-${labels[ref]?.slice(7, 8)}`), 'content');
    const name = `ns/${++sequence}/${labels[ref]}`;
    await client.commit(name, key, { labels });
    return { name, adopted: false };
  };
  return async (labels: Labels, parent: string) => {
    const key = `ns/${++sequence}/extract`;
    try {
      await client.prepare(key, { parent, labels });
    } catch (error) {
      if (!(error instanceof CallFailure) || error.code !== 'ALREADY_EXISTS') throw error;
      const [found] = await client.list([`labels."${ref}"==${labels[ref]},parent=="${parent}"`]);
      assert.ok(found, 'AlreadyExists without a layer that containerd can adopt');
      return { name: found.name, adopted: true };
    }
    return unpack(key, labels);
  };
}

interface Context {
  sandbox: Sandbox;
}

for (const driver of driversUnderTest) {
  const test = suiteNeeding<Context>(`adoption by containerd 2.3 on ${driver.name}`, ...driver.needs);
  test.before.each((context) => {
    context.sandbox = createSandbox('adoption');
  });
  test.after.each(({ sandbox }) => sandbox.close());

  test('a layer whose base is lost is adopted on the one that replaces it, if layers are differences', async ({
    sandbox,
  }) => {
    const root = driver.newRoot(sandbox);
    const serving = createServing(sandbox, { driver: driver.name, root, retention: 'min_free = "0%"' });
    const daemon = await serving.start();
    const client = serving.connect();
    const pull = createPuller(client, driver, root);
    const image = async () => {
      const base = await pull(layers[0], '');
      return [base, await pull(layers[1], base.name)] as const;
    };
    const [base, top] = await image();
    await client.usage(base.name);
    const removeAll = async () => {
      for (const { name } of [top, base]) await client.remove(name);
    };
    await removeAll();
    const again = await image();
    assert.equal(again, [
      { ...base, adopted: true },
      { ...top, adopted: true },
    ]);
    await removeAll();
    const lost = driver.layer(root, { id: 1, kind: 'committed' });
    if (driver.name === 'btrfs') execFileSync('btrfs', ['subvolume', 'delete', lost]);
    else rmSync(lost, { recursive: true });
    const [newBase, newTop] = await image();
    assert.is(newBase.adopted, false);
    assert.equal([newTop.adopted, newTop.name === top.name], driver.name === 'overlay' ? [true, true] : [false, false]);
    const [mount] = await client.view('ns/99/view', { parent: newTop.name });
    if (mount === undefined) throw new Error('no mount');
    assert.is(await insideMount(mount, 'cat file-a file-b'), 'contentcontent');
    await collectGarbage(client);
    await daemon.stop();
    assert.is((await verified(root)).status, 0);
  });
  test.run();
}
