import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Mount } from '../../src/ports/volume-driver.ts';
import { snapledgerRun } from '../cli/process.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { insideMount } from '../support/inside-mount.ts';
import { createLoop, type Loop } from '../support/loop.ts';
import { requireCommand, requireFileSystem, requireRoot, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { serverUnderTest } from '../support/server.ts';
import { connectSnapshots, type SnapshotsClient } from '../support/snapshots-client.ts';

type Driver = 'overlay' | 'btrfs';

interface Context {
  sandbox: Sandbox;
  folder: Record<Driver, string>;
}

/** What a layer, or an active on top of them, does to the tree, as a shell script in its mount. */
const base = `
  umask 022
  mkdir -p etc opt/app/deep srv/old usr/share/many kept home/user
  echo first > etc/replaced; echo gone > etc/removed; echo single > etc/single; echo same > etc/same
  echo hidden > opt/app/hidden; echo deeper > opt/app/deep/hidden; echo old > srv/old/file
  for n in $(seq 40); do echo $n > usr/share/many/$n; done
  echo one file > usr/first; ln usr/first usr/second; ln usr/first usr/third
  echo links > usr/l1; ln usr/l1 usr/l2
  printf 'caf\\351\\n' > "$(printf 'usr/caf\\351')"; echo odd > 'usr/with
line feed'; echo back > 'usr/back\\slash'
  echo attributes > usr/attributes; setfattr -n user.first -v 1 usr/attributes; setfattr -n user.dir -v 1 kept
  setfattr -n trusted.ours -v 2 home/user; cp /bin/true usr/capable; setcap cap_net_raw+ep usr/capable
  echo setuid > usr/setuid; chown 1234:5678 usr/setuid; chmod 4755 usr/setuid
  mkfifo usr/fifo; mknod usr/null c 1 3; mknod usr/disk b 7 250; ln -s /does/not/exist usr/nowhere; ln -s share usr/link
  truncate -s 64M usr/sparse; printf end >> usr/sparse
  chown 1000:1000 home/user; chmod 2750 home/user; chmod 1777 srv
  sleep 0.1; touch -d '2001-02-03 04:05:06.789' etc/same; sleep 0.1`;

const second = `
  echo second > etc/replaced; rm etc/removed; ln etc/single etc/double
  rm -r opt/app; mkdir opt/app; echo shown > opt/app/shown; chmod 711 opt/app
  rm -r srv/old; rm usr/third; rm usr/share/many/1?
  rm usr/nowhere; echo a file > usr/nowhere; rm usr/link; mkdir usr/link; echo in it > usr/link/file
  setfattr -x user.dir kept; setfattr -n user.other -v 3 kept; chmod 600 usr/attributes
  echo more >> usr/l1; rm usr/fifo; sleep 0.1`;

const third = `
  mkdir srv/old; echo again > srv/old/file; echo back > etc/removed
  rm -r usr/share/many; echo not a directory > usr/share/many
  mv usr/setuid usr/moved; chown 1:2 home/user; sleep 0.1`;

const active = `echo work > etc/work; rm etc/same; rm -r home; mkdir home; ln etc/work etc/work-too; chmod 700 .; sleep 0.1`;

/** Everything in a tree that a move must preserve, as text. */
const listing = `
  find . \\( -type d -printf '%p d %m %U:%G %T@\\n' -o -type f -printf '%p f %m %U:%G %T@ %s\\n' -o -printf '%p %y %m %U:%G %T@ %l\\n' \\) | sort
  find . -type f -print0 | sort -z | xargs -0 sha256sum
  find . \\( -type c -o -type b \\) -exec stat -c '%n %t:%T' {} + | sort
  find . -type f -printf '%i\\t%p\\n' | sort -k 2 | awk -F '\\t' '{ a[$1] = a[$1] "|" $2 } END { for (i in a) print a[i] }' | sort
  find . -print0 | sort -z | xargs -0 getfattr -P -h -m '^(user|security|trusted)[.]' -d -e hex`;

const needs = [
  requireRoot(),
  requireFileSystem('overlay'),
  requireFileSystem('ext4'),
  requireFileSystem('btrfs'),
  ...['mkfs.btrfs', 'getfattr', 'setcap', 'tar'].map(requireCommand),
];
const test = suiteNeeding<Context>('moving a store', ...needs);
const loops: Loop[] = [];

test.before((context) => {
  const [ext4, btrfs] = [createLoop('ext4', { megabytes: 512 }), createLoop('btrfs', { megabytes: 1024 })];
  loops.push(ext4, btrfs);
  context.folder = { overlay: ext4.path, btrfs: btrfs.path };
});
test.after(() => {
  for (const loop of loops) loop.end();
});
test.before.each((context) => {
  context.sandbox = createSandbox('move');
});
test.after.each(({ sandbox }) => sandbox.close());

interface Served {
  readonly daemon: Daemon;
  readonly client: SnapshotsClient;
}

async function serve(sandbox: Sandbox, root: string, driver: Driver): Promise<Served> {
  const socket = join(sandbox.path, 'snapshotter.sock');
  const command = serverUnderTest(driver, []).command(root, socket);
  const daemon = await startDaemon({ command, address: socket, log: join(sandbox.path, 'log'), sandbox });
  return { daemon, client: connectSnapshots(socket) };
}

async function stop({ daemon, client }: Served): Promise<void> {
  client.close();
  await daemon.stop();
}

async function inside([mount]: readonly Mount[], script: string): Promise<string> {
  if (mount === undefined) throw new Error('no mount');
  return insideMount(mount, script);
}

const shown = ['view-1', 'view-2', 'view-3', 'active'];

/** Three layers, a view of each, an active, and one that is removed and retained. */
async function fill(client: SnapshotsClient): Promise<void> {
  let parent = '';
  for (const [index, script] of [base, second, third].entries()) {
    const name = `layer-${index + 1}`;
    await inside(await client.prepare(`extract-${name}`, { parent }), script);
    await client.commit(name, `extract-${name}`);
    await client.view(`view-${index + 1}`, { parent: name });
    parent = name;
  }
  await inside(await client.prepare('active', { parent }), active);
  await client.prepare('untouched', { parent });
  await client.prepare('retained', { parent });
  await client.commit('retained-layer', 'retained');
  await client.remove('retained-layer');
}

async function listed(client: SnapshotsClient): Promise<readonly string[]> {
  const listings: string[] = [];
  for (const key of shown) listings.push(await inside(await client.mounts(key), listing));
  return listings;
}

const moves: readonly (readonly [Driver, Driver])[] = [
  ['overlay', 'btrfs'],
  ['btrfs', 'btrfs'],
  ['btrfs', 'overlay'],
  ['overlay', 'overlay'],
];

for (const [from, to] of moves)
  test(`moves everything from ${from} to ${to}, and the store continues`, async ({ sandbox, folder }) => {
    const source = join(folder[from], `${from}-to-${to}`);
    const destination = join(folder[to], `${to}-from-${from}`);
    const file = join(sandbox.path, 'store.tar');
    const before = await serve(sandbox, source, from);
    await fill(before.client);
    const expected = await listed(before.client);
    await stop(before);
    const exported = await snapledgerRun('export', file, '--volumes', '--root', source);
    assert.is(exported.status, 0, exported.stderr);
    assert.not.ok(readdirSync(source).includes('carried'));
    assert.equal(overlap(file), []);
    const imported = await snapledgerRun('import', file, '--root', destination, '--driver', to);
    assert.is(imported.status, 0, imported.stderr);
    const after = await serve(sandbox, destination, to);
    const found = await listed(after.client);
    for (const [index, key] of shown.entries()) assert.equal(different(expected[index], found[index]), [], key);
    const sparse = 'du -k usr/sparse | cut -f 1';
    assert.ok(Number(await inside(await after.client.mounts('view-1'), sparse)) < 1024);
    const verified = await snapledgerRun('verify', '--root', destination);
    assert.is(verified.status, 0, verified.stdout);
    await expectUsable(after.client);
    const restored = await snapledgerRun('restore', 'retained-layer', '--root', destination);
    await stop(after);
    assert.match(restored.stdout + restored.stderr, /restored \d+ retained-layer/);
    assert.is((await snapledgerRun('verify', '--root', destination)).status, 0);
  });

/** What the second layer, which is snapshot 3, left as it was, as far as it is in its part of the export all the same. */
function overlap(file: string): readonly string[] {
  const layer = execFileSync('tar', ['--extract', '--to-stdout', '--file', file, 'volumes/3.tar']);
  const names = execFileSync('tar', ['--list'], { input: layer, encoding: 'utf8' }).split('\n');
  assert.ok(names.includes('./etc/replaced') && names.includes('./etc/removed'));
  return names.filter((name) => ['./usr/sparse', './usr/share/many/2', './home/user/'].includes(name));
}

/** The lines in only one of two listings, by side. */
function different(expected = '', found = ''): readonly string[] {
  const [before, after] = [expected.split('\n'), found.split('\n')];
  assert.ok(before.length > 50);
  if (expected === found) return [];
  return [
    'in another order, or:',
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  ];
}

test('leaves the root empty if a layer has foreign overlay xattrs', async ({ sandbox, folder }) => {
  const [source, destination] = [join(folder.overlay, 'marked'), join(folder.btrfs, 'from-marked')];
  const file = join(sandbox.path, 'store.tar');
  const served = await serve(sandbox, source, 'overlay');
  await served.client.prepare('base');
  await served.client.commit('layer', 'base');
  await inside(await served.client.prepare('active', { parent: 'layer' }), 'mkdir moved');
  await stop(served);
  execFileSync('setfattr', ['-n', 'trusted.overlay.redirect', '-v', '/old', join(source, 'snapshots/2/fs/moved')]);
  assert.is((await snapledgerRun('export', file, '--volumes', '--root', source)).status, 0);
  const refused = await snapledgerRun('import', file, '--root', destination, '--driver', 'btrfs');
  assert.is(refused.status, 1);
  assert.match(refused.stderr, /moved: a layer with trusted\.overlay\.redirect=\/old can't be merged\nhint: /);
  assert.equal(readdirSync(destination), []);
});

test('starts again after an import that was killed, and serves nothing of it', async ({ sandbox, folder }) => {
  const [source, destination] = [join(folder.overlay, 'short'), join(folder.btrfs, 'killed')];
  const file = join(sandbox.path, 'store.tar');
  const served = await serve(sandbox, source, 'overlay');
  await inside(await served.client.prepare('base'), 'echo whole > file');
  await served.client.commit('layer', 'base');
  await stop(served);
  await snapledgerRun('export', file, '--volumes', '--root', source);
  mkdirSync(join(destination, 'importing/log'), { recursive: true });
  mkdirSync(join(destination, 'snapshots/1'), { recursive: true });
  execFileSync('btrfs', ['subvolume', 'create', join(destination, 'snapshots/1/layer')]);
  execFileSync('btrfs', ['property', 'set', '-ts', join(destination, 'snapshots/1/layer'), 'ro', 'true']);
  const refused = await snapledgerRun('serve', '--root', destination, '--address', join(sandbox.path, 'never.sock'));
  assert.is(refused.status, 3);
  assert.match(refused.stderr, /an import into it is under way, or was interrupted/);
  const imported = await snapledgerRun('import', file, '--root', destination, '--driver', 'btrfs');
  assert.is(imported.status, 0, imported.stderr);
  const after = await serve(sandbox, destination, 'btrfs');
  assert.is(await inside(await after.client.view('view', { parent: 'layer' }), 'cat file'), 'whole\n');
  await stop(after);
});

test('moves no btrfs layer that overlay cannot hold', async ({ sandbox, folder }) => {
  const source = join(folder.btrfs, 'odd');
  const file = join(sandbox.path, 'store.tar');
  const exported = () => snapledgerRun('export', file, '--volumes', '--root', source);
  const served = await serve(sandbox, source, 'btrfs');
  await served.client.prepare('active');
  await stop(served);
  const fs = join(source, 'snapshots/1/fs');
  execFileSync('mknod', [join(fs, 'device'), 'c', '0', '0']);
  assert.match((await exported()).stderr, 'device: a character device 0/0');
  execFileSync('rm', [join(fs, 'device')]);
  execFileSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', fs]);
  assert.match((await exported()).stderr, 'the attribute trusted.overlay.opaque');
  execFileSync('setfattr', ['-x', 'trusted.overlay.opaque', fs]);
  assert.is((await exported()).status, 0);
});

/** A moved store accepts changes like any other. */
async function expectUsable(client: SnapshotsClient): Promise<void> {
  await inside(await client.prepare('next', { parent: 'layer-3' }), 'echo new > etc/new');
  await client.commit('layer-4', 'next');
  assert.is(
    await inside(await client.view('view-4', { parent: 'layer-4' }), 'cat etc/new etc/replaced'),
    'new\nsecond\n',
  );
  await client.remove('view-4');
  await client.remove('layer-4');
  await client.remove('view-1');
}

test.run();
