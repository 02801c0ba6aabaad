import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { askDaemon } from '../../src/cli/ask-daemon.ts';
import { createServing } from '../fault/serving.ts';
import { createLoop } from '../support/loop.ts';
import { requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { snapledgerRun } from './process.ts';

const test = suiteNeeding<{ sandbox: Sandbox }>(
  'existing store and new store',
  requireFileSystem('overlay'),
  requireFileSystem('btrfs'),
);
test.before.each((context) => {
  context.sandbox = createSandbox('existing');
});
test.after.each(({ sandbox }) => sandbox.close());

const serve = ({ path }: Sandbox, root: string, ...more: readonly string[]) =>
  snapledgerRun('serve', '--root', root, '--address', join(path, 's.sock'), ...more);

test('serve --existing creates nothing, and ends with a status that is restarted', async ({ sandbox }) => {
  const root = join(sandbox.path, 'root');
  const missing = await serve(sandbox, root, '--existing');
  assert.is(missing.status, 1);
  assert.match(missing.stderr, `root ${root}: holds no store, and creating one is not allowed`);
  assert.match(missing.stderr, /^hint: its disk may not be mounted/m);
  assert.not.ok(existsSync(root));
  // The mount point of the disk.
  mkdirSync(root);
  const config = join(sandbox.path, 'config.toml');
  writeFileSync(config, 'existing = true\n');
  assert.is((await serve(sandbox, root, '--config', config)).status, 1);
  assert.equal(readdirSync(root), []);
});

test('init creates a store once, which serve --existing then serves', async ({ sandbox }) => {
  const root = join(sandbox.path, 'root');
  const made = await snapledgerRun('init', '--root', root, '--json');
  assert.is(made.status, 0, made.stderr);
  const { store, created } = JSON.parse(made.stdout);
  assert.is(created, true);
  const again = await snapledgerRun('init', '--root', root);
  assert.equal([again.status, again.stdout], [0, `${root}: already has store ${store}\n`]);
  const serving = createServing(sandbox, { driver: 'overlay', root, settings: 'existing = true' });
  const daemon = await serving.start();
  await serving.connect().prepare('a');
  await daemon.stop();
  assert.not.match(daemon.log(), 'a new, empty store was created');
  assert.is((await snapledgerRun('verify', '--root', root)).status, 0);
});

test('a start that creates a store reports it, as a warning and in a metric', async ({ sandbox }) => {
  const serving = createServing(sandbox, { driver: 'overlay', root: join(sandbox.path, 'root') });
  const daemon = await serving.start();
  const warning = daemon
    .log()
    .split('\n')
    .find((line) => line.includes('a new, empty store was created'));
  assert.is(JSON.parse(warning ?? '{}').level, 'warn');
  const metrics = await askDaemon(join(sandbox.path, 's.http.sock'), 'GET', '/metrics');
  assert.match(metrics?.body ?? '', /^snapledger_events_total\{type="StoreCreated"\} 1$/m);
});

test('a mount option that the kernel refuses ends the start, and is named', async ({ sandbox }) => {
  const config = join(sandbox.path, 'config.toml');
  writeFileSync(config, '[overlay]\nmount_options = ["volatile", "no_such_option"]\n');
  const refused = await serve(sandbox, join(sandbox.path, 'root'), '--config', config);
  assert.is(refused.status, 2);
  assert.match(refused.stderr, 'overlay.mount_options: "no_such_option"');
});

test('the unit file requires an existing store, and restarts without limit', () => {
  const unit = readFileSync('src/operations/snapledger.service', 'utf8');
  assert.match(unit, /^ExecStart=.* serve --existing$/m);
  assert.match(unit, /^StartLimitIntervalSec=0$/m);
  assert.match(unit, /^Restart=on-failure$/m);
  assert.match(unit, /^RestartPreventExitStatus=2 3$/m);
});

for (const [driver, type] of [
  ['overlay', 'ext4'],
  ['btrfs', 'btrfs'],
] as const)
  test(`a read-only root of ${driver} is read and exported, and a start ends with a restarted status`, async ({
    sandbox,
  }) => {
    const loop = createLoop(type, { megabytes: 256 });
    sandbox.atEnd(loop.end);
    const root = join(loop.path, 'root');
    const serving = createServing(sandbox, { driver, root });
    const daemon = await serving.start();
    const client = serving.connect();
    await client.prepare('a');
    writeFileSync(join(root, 'snapshots/1/fs/file'), 'of a');
    await client.commit('A', 'a');
    await client.prepare('b', { parent: 'A' });
    client.close();
    await daemon.stop();
    loop.unmount();
    loop.mount();
    // A root that was copied may have none.
    if (driver === 'btrfs') rmSync(join(root, 'lock'));
    execFileSync('mount', ['-o', 'remount,ro', loop.path]);
    const refused = await serve(sandbox, root, '--driver', driver);
    assert.is(refused.status, 1, refused.stderr);
    assert.match(refused.stderr, /read-only/i);
    for (const [name, ...args] of [['log'], ['tree'], ['ls'], ['stat', 'A'], ['stats'], ['history', 'A'], ['verify']]) {
      const { status, stderr } = await snapledgerRun(String(name), '--root', root, ...args);
      assert.is(status, 0, `${name}: ${stderr}`);
    }
    for (const volumes of [[], ['--volumes']]) {
      const file = join(sandbox.path, `store${volumes.length}.tar`);
      const exported = await snapledgerRun('export', file, '--root', root, ...volumes);
      assert.is(exported.status, 0, exported.stderr);
    }
    const copy = join(sandbox.path, 'copy');
    const imported = await snapledgerRun(
      'import',
      join(sandbox.path, 'store1.tar'),
      '--root',
      copy,
      '--driver',
      'overlay',
    );
    assert.is(imported.status, 0, imported.stderr);
    assert.is(readFileSync(join(copy, 'snapshots/1/fs/file'), 'utf8'), 'of a');
  });

test.run();
