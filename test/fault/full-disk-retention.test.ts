import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { stateOfRoot, verified } from '../support/inspect-store.ts';
import type { Loop } from '../support/loop.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { codeOf, type SnapshotsClient } from '../support/snapshots-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { writeFiles } from '../torture/content.ts';
import { createServing, type Serving } from './serving.ts';
import { bytesFree, fillBlocks, type SmallDisk, smallDisks } from './small-disk.ts';

interface Fixture {
  readonly loop: Loop;
  readonly serving: Serving;
  readonly client: SnapshotsClient;
}

/** A disk that holds ten retained layers, and not much more. */
const megabytes = { overlay: 96, btrfs: 192 } as const;
const layers = 10;
const each = 6 << 20;

const retainedIn = async ({ root }: Serving) => (await stateOfRoot(root)).volumes.retained.size;

/** The maximum of a snapshot: twenty of them use up the preallocated log space. */
const manyLabels = Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`large-${n}`, 'x'.repeat(4000)]));

/** A chain of ten layers, all removed and retained, on a small disk. */
async function withRetained({ driver, make }: SmallDisk, sandbox: Sandbox, minFree: string): Promise<Fixture> {
  const loop = make({ megabytes: megabytes[driver.name] });
  sandbox.atEnd(loop.end);
  const root = join(loop.path, 'root');
  const serving = createServing(sandbox, { driver: driver.name, root, retention: `min_free = "${minFree}"` });
  await serving.start();
  const client = serving.connect();
  for (let n = 1; n <= layers; n++) {
    await client.prepare(`extract ${n}`, { parent: n === 1 ? '' : `layer ${n - 1}` });
    writeFiles(driver.layer(root, { id: n, kind: 'active' }), [{ name: 'data', text: `${n}`, bytes: each }]);
    await client.commit(`layer ${n}`, `extract ${n}`);
    await client.usage(`layer ${n}`);
  }
  for (let n = layers; n >= 1; n--) await client.remove(`layer ${n}`);
  await client.cleanup();
  return { loop, serving, client };
}

for (const disk of smallDisks) {
  const { driver, needs } = disk;
  const test = suiteNeeding<{ sandbox: Sandbox }>(`retention on a full disk with ${driver.name}`, ...needs);
  test.before.each((context) => {
    context.sandbox = createSandbox('full-retention');
  });
  test.after.each(({ sandbox }) => sandbox.close());

  test('never refuses a prepare or an update for space that retained layers hold', async ({ sandbox }) => {
    const fixture = await withRetained(disk, sandbox, '0%');
    const { loop, serving, client } = fixture;
    assert.is(await retainedIn(serving), layers);
    let made = 0;
    for (; (await retainedIn(serving)) > 0 && made < 5000; made++) {
      fillBlocks(loop);
      const before = await retainedIn(serving);
      const code = await codeOf(client.prepare(`k${made}`).then(() => client.update(`k${made}`, manyLabels)));
      if (before > 0) assert.is(code, 'OK', `snapshot ${made}, with ${before} retained`);
    }
    assert.is(await retainedIn(serving), 0);
    assert.ok(made > 3, `${made} prepared`);
    const { status, text } = await verified(serving.root);
    assert.is(status, 0, text);
  });

  test('evicts the oldest first, before writes into a layer meet a full disk', async ({ sandbox }) => {
    const fixture = await withRetained(disk, sandbox, '35%');
    const { loop, serving, client } = fixture;
    await client.prepare('writer');
    const { index } = await stateOfRoot(serving.root);
    const layer = driver.layer(serving.root, { id: index.get('writer')?.id ?? 0, kind: 'active' });
    for (let written = 0; (await retainedIn(serving)) > 2; written++) {
      // Fewer than are kept free: the eviction comes before the disk is full, however slow the machine.
      await waitFor(
        () => `space: ${bytesFree(loop)} bytes are left after ${written}`,
        () => bytesFree(loop) > 6 << 20,
      );
      writeFiles(layer, [{ name: `data-${written}`, text: 'w', bytes: 1 << 20 }]);
      await pause(100);
    }
    const { volumes } = await stateOfRoot(serving.root);
    for (const [id] of volumes.retained) assert.ok(id <= 2, `${id} was removed before 1 and 2`);
    assert.is((await client.list()).length, 1);
  });

  test.run();
}
