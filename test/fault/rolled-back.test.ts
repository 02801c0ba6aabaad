import { cpSync, existsSync, lstatSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../cli/process.ts';
import { onDisk, stateOfRoot, verified } from '../support/inspect-store.ts';
import { createLoop } from '../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { type DriverUnderTest, driversUnderTest, overlay } from './drivers.ts';
import { createServing, type Serving } from './serving.ts';

const settings = '[log]\nsegment_bytes = "64KiB"\n[checkpoint]\nevery = 4\n';
const folders = ['log', 'checkpoints'] as const;

interface Fixture {
  readonly serving: Serving;
  /** the highest id assigned before the older copy was restored */
  readonly highest: number;
}

/** A stopped store with an older copy of its log and checkpoints. */
async function served(driver: DriverUnderTest, sandbox: Sandbox, backup: string): Promise<Fixture> {
  const root = driver.newRoot(sandbox);
  const serving = createServing(sandbox, { driver: driver.name, root, settings });
  const daemon = await serving.start();
  const client = serving.connect();
  const written = async (key: string, parent = '') => {
    await client.prepare(key, { parent });
    const id = (await stateOfRoot(root)).index.get(key)?.id ?? 0;
    writeFileSync(join(driver.layer(root, { id, kind: 'active' }), 'file'), `content of ${key}`);
  };
  await written('extract base');
  await client.commit('base', 'extract base');
  await written('container', 'base');
  await client.view('look', { parent: 'base' });
  // A checkpoint that is being written gets another name at any moment.
  const isWhole = (path: string) => !path.endsWith('.new');
  for (const folder of folders) cpSync(join(root, folder), join(backup, folder), { recursive: true, filter: isWhole });
  await written('newer', 'base');
  await written('extract newest', 'base');
  await client.commit('newest', 'extract newest');
  await client.usage('newest');
  const highest = (await stateOfRoot(root)).storeInfo.lastId;
  client.close();
  await daemon.stop();
  return { serving, highest };
}

function bringBack({ root }: Serving, backup: string, back: readonly string[]): void {
  for (const folder of back) {
    rmSync(join(root, folder), { recursive: true });
    cpSync(join(backup, folder), join(root, folder), { recursive: true });
  }
}

/** Volumes that the log does not know are quarantined complete, known ones are unchanged, and no id is assigned twice. */
async function expectSetAside(driver: DriverUnderTest, { serving, highest }: Fixture): Promise<void> {
  const { root } = serving;
  const before = await verified(root);
  assert.is(before.status, 1, before.text);
  assert.match(before.text, "newer than the log's last id");
  const daemon = await serving.start();
  const client = serving.connect();
  assert.equal((await client.list()).map(({ name }) => name).sort(), ['base', 'container', 'look']);
  await client.prepare('next', { parent: 'base' });
  const { index } = await stateOfRoot(root);
  assert.ok((index.get('next')?.id ?? 0) > highest, `${index.get('next')?.id} was given before`);
  const idOf = (key: string) => index.get(key)?.id ?? 0;
  const contentOf = (id: number, kind: 'active' | 'committed') =>
    readFileSync(join(driver.layer(root, { id, kind }), 'file'), 'utf8');
  assert.is(contentOf(idOf('base'), 'committed'), 'content of extract base');
  assert.is(contentOf(idOf('container'), 'active'), 'content of container');
  await daemon.stop();
  const aside = onDisk(root).quarantine.map((name) => {
    const [part = ''] = ['fs', 'layer'].filter((each) => existsSync(join(root, 'quarantine', name, each)));
    return readFileSync(join(root, 'quarantine', name, part, 'file'), 'utf8');
  });
  assert.equal(aside.sort(), ['content of extract newest', 'content of newer']);
  const output = await snapledgerRun('log', '--type', 'OrphanQuarantined', '--root', root);
  assert.match(output.stdout, "newer than the log's last id");
  const { status, text } = await verified(root);
  assert.is(status, 0, text);
}

function rolledBackTests(test: Test<{ sandbox: Sandbox; backup: string }>, driver: DriverUnderTest): void {
  test('older log and checkpoints: newer volumes are quarantined, none is deleted', async (context) => {
    const fixture = await served(driver, context.sandbox, context.backup);
    bringBack(fixture.serving, context.backup, folders);
    await expectSetAside(driver, fixture);
  });

  test('older log only: refused until the checkpoints are deleted', async (context) => {
    const fixture = await served(driver, context.sandbox, context.backup);
    const { serving } = fixture;
    bringBack(serving, context.backup, ['log']);
    const { status, text } = await verified(serving.root);
    assert.is(status, 3, text);
    const error: unknown = await serving.start().catch((thrown) => thrown);
    assert.match(String(error), 'to continue with this older log only, delete the checkpoints directory');
    rmSync(join(serving.root, 'checkpoints'), { recursive: true });
    await expectSetAside(driver, fixture);
  });
}

const damaged = suiteNeeding('log rolled back on a damaged disk', requireFileSystem('ext4'), requireCommand('debugfs'));

damaged('exits with the status of a damaged log, even if the disk cannot be read', async () => {
  const sandbox = createSandbox('rolled-back');
  const loop = createLoop('ext4');
  try {
    const root = join(loop.path, 'store');
    const backup = join(sandbox.path, 'backup');
    const driver = { ...overlay, newRoot: () => root };
    const { serving } = await served(driver, sandbox, backup);
    bringBack(serving, backup, ['log']);
    loop.unmount();
    await run('debugfs', ['-w', '-R', 'clri /store/snapshots/1', loop.device]);
    loop.mount();
    assert.throws(() => lstatSync(join(root, 'snapshots', '1')), /-117/, 'EUCLEAN');
    const { status, stderr } = await snapledgerRun('serve', '--root', root, '--address', join(sandbox.path, 's.sock'));
    assert.match(stderr, 'a checkpoint shows that it once held position');
    assert.is(status, 3, stderr);
  } finally {
    await sandbox.close();
    loop.end();
  }
});

damaged.run();

for (const driver of driversUnderTest) {
  const test = suiteNeeding<{ sandbox: Sandbox; backup: string }>(`log rolled back on ${driver.name}`, ...driver.needs);
  test.before.each((context) => {
    context.sandbox = createSandbox('rolled-back');
    context.backup = join(context.sandbox.path, 'backup');
  });
  test.after.each(({ sandbox }) => sandbox.close());
  rolledBackTests(test, driver);
  test.run();
}
