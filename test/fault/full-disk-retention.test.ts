import { closeSync, mkdirSync, openSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { stateOfRoot, verified } from '../support/inspect-store.ts';
import { createLoop, type Loop, type LoopOptions, type LoopType } from '../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { CallFailure, type SnapshotsClient } from '../support/snapshots-client.ts';
import { writeFiles } from '../torture/content.ts';
import { createServing, type Serving } from './serving.ts';

interface Place {
  readonly loop: Loop;
  readonly serving: Serving;
  readonly client: SnapshotsClient;
}

interface Disk {
  readonly type: LoopType;
  readonly driver: 'overlay';
  readonly options: LoopOptions;
  /** megabytes of each of the ten retained layers */
  readonly each: number;
}

const disks: readonly Disk[] = [
  { type: 'ext4', driver: 'overlay', options: { megabytes: 96, format: ['-m', '0'] }, each: 6 },
];
const layers = 10;

const retainedIn = async ({ root }: Serving) => (await stateOfRoot(root)).volumes.retained.size;
const bytesFree = ({ path }: Loop) => {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
};

/** Takes every block that is left, with a file of its own. */
function fill({ path }: Loop, name: string): void {
  mkdirSync(join(path, 'fillers'), { recursive: true });
  const fd = openSync(join(path, 'fillers', name), 'a');
  for (let bytes = 1 << 20; bytes >= 512; )
    try {
      writeSync(fd, Buffer.alloc(bytes));
    } catch {
      bytes = Math.floor(bytes / 2);
    }
  closeSync(fd);
}

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'OK',
    (error) => (error instanceof CallFailure ? error.code : String(error)),
  );

/** Ten layers, one upon the other, all of them removed and retained, on a small disk. */
async function withRetained(disk: Disk, sandbox: Sandbox, minFree: string): Promise<Place> {
  const loop = createLoop(disk.type, disk.options);
  sandbox.atEnd(loop.end);
  const root = join(loop.path, 'root');
  const serving = createServing(sandbox, { driver: disk.driver, root, retention: `min_free = "${minFree}"` });
  await serving.start();
  const client = serving.connect();
  for (let n = 1; n <= layers; n++) {
    await client.prepare(`extract ${n}`, { parent: n === 1 ? '' : `layer ${n - 1}` });
    writeFiles(join(root, 'snapshots', String(n), 'fs'), [{ name: 'data', text: `${n}`, bytes: disk.each << 20 }]);
    await client.commit(`layer ${n}`, `extract ${n}`);
    await client.usage(`layer ${n}`);
  }
  for (let n = layers; n >= 1; n--) await client.remove(`layer ${n}`);
  await client.cleanup();
  return { loop, serving, client };
}

for (const disk of disks) {
  const needs = [requireFileSystem('overlay'), requireFileSystem(disk.type), requireCommand(`mkfs.${disk.type}`)];
  const test = suiteNeeding<{ sandbox: Sandbox }>(`retention on a full disk with ${disk.driver}`, ...needs);
  test.before.each((context) => {
    context.sandbox = createSandbox('full-retention');
  });
  test.after.each(({ sandbox }) => sandbox.close());

  test('never refuses a prepare for space that retained layers hold', async ({ sandbox }) => {
    const place = await withRetained(disk, sandbox, '0%');
    const { loop, serving, client } = place;
    assert.is(await retainedIn(serving), layers);
    let made = 0;
    for (; (await retainedIn(serving)) > 0 && made < 5000; made++) {
      fill(loop, `filler-${made}`);
      const before = await retainedIn(serving);
      const code = await codeOf(client.prepare(`k${made}`));
      if (before > 0) assert.is(code, 'OK', `prepare ${made}, with ${before} retained`);
    }
    assert.is(await retainedIn(serving), 0);
    assert.ok(made > 1, `${made} prepared`);
    const { status, text } = await verified(serving.root);
    assert.is(status, 0, text);
  });

  test('gives way, oldest first, before who writes into a layer meets a full disk', async ({ sandbox }) => {
    const place = await withRetained(disk, sandbox, '35%');
    const { loop, serving, client } = place;
    await client.prepare('writer');
    const { index } = await stateOfRoot(serving.root);
    const layer = join(serving.root, 'snapshots', String(index.get('writer')?.id), 'fs');
    for (let written = 0; (await retainedIn(serving)) > 2; written++) {
      assert.ok(bytesFree(loop) > 2 << 20, `${bytesFree(loop)} bytes are left after ${written}`);
      writeFiles(layer, [{ name: `data-${written}`, text: 'w', bytes: 1 << 20 }]);
      await pause(100);
    }
    const { volumes } = await stateOfRoot(serving.root);
    for (const [id] of volumes.retained) assert.ok(id <= 2, `${id} was removed before 1 and 2`);
    assert.is((await client.list()).length, 1);
  });

  test.run();
}
