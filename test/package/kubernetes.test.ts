import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { logAndRethrow } from '../support/log-and-rethrow.ts';
import { startRegistry } from '../support/registry.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { waitFor } from '../support/wait-for.ts';
import { type Machine, needs, startMachine } from './machine.ts';
import { makePackages, pushBusybox } from './packages.ts';

const test = suiteNeeding('installer of the DaemonSet', ...needs());
const folder = 'src/operations/kubernetes';
const dropIn = '/etc/containerd/conf.d/snapledger.toml';
let sandbox: Sandbox;
let machine: Machine;
let reference: string;

test.before(() =>
  logAndRethrow(async () => {
    sandbox = createSandbox('kubernetes');
    const [file = ''] = await makePackages(['tarball'], sandbox.folder('package'));
    machine = await startMachine(sandbox);
    // As the image has it, by its Dockerfile.
    const image = join(machine.path, 'tmp/image');
    mkdirSync(image);
    for (const source of [file, `${folder}/install-node`]) copyFileSync(source, join(image, basename(source)));
    setSettings(configMap());
    reference = await pushBusybox(await startRegistry(sandbox));
    await machine.run('systemctl', 'start', 'containerd');
  }),
);
test.after(() => sandbox.close());

function configMap(): string {
  const documents = readFileSync(`${folder}/snapledger.yaml`, 'utf8')
    .split('\n---\n')
    .map((text) => parse(text));
  return documents.find(({ kind }) => kind === 'ConfigMap').data['config.toml'];
}

function setSettings(text: string): void {
  const file = join(machine.path, 'tmp/image/config/config.toml');
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Runs the installer as a container with the node's process ids does, in a mount namespace of its own. */
const installNode = (action = 'install', ...wrapper: readonly string[]) =>
  machine.attempt(
    'unshare',
    '--mount',
    ...wrapper,
    'env',
    `ACTION=${action}`,
    'NODE_NAME=worker-7.example',
    'sh',
    '-c',
    'mount --bind /tmp/image /mnt && exec /mnt/install-node',
  );

const mainPid = (unit: string) => machine.run('systemctl', 'show', '--property=MainPID', unit);
const defaultSnapshotter = async () =>
  /\n\s+snapshotter = "(\w+)"/.exec(await machine.run('containerd', 'config', 'dump'))?.[1];
const isRunning = async (id: string) =>
  new RegExp(`^${id}\\s+\\d+\\s+RUNNING`, 'm').test(await machine.run('ctr', 'task', 'ls'));

test('a container without privileges: is refused with what it needs', async () => {
  const { status, stderr } = await machine.attempt(
    'setpriv',
    '--bounding-set=-all',
    '--inh-caps=-all',
    '/tmp/image/install-node',
  );
  assert.is(status, 1);
  assert.match(stderr, 'this container may not enter the mount namespace of the node');
  assert.match(stderr, 'privileged: true and hostPID: true');
});

test('settings that are not valid: are refused before anything changes', async () => {
  setSettings('retension = true\n');
  const { status, stderr } = await installNode();
  setSettings(configMap());
  assert.is(status, 1);
  assert.match(stderr, 'retension: unknown key, did you mean retention?');
  assert.match(stderr, 'nothing was changed');
  assert.is.not((await machine.attempt('test', '-e', '/usr/local/bin/snapledger')).status, 0);
});

/** Pulls the image into a snapshotter and starts a container on it. */
async function startContainer(snapshotter: string, id: string): Promise<void> {
  await machine.run('ctr', 'images', 'pull', '--plain-http', '--snapshotter', snapshotter, reference);
  const options = ['--detach', '--net-host', '--snapshotter', snapshotter];
  await machine.run('ctr', 'run', ...options, reference, id, 'sleep', '3600');
}

test('install: makes snapledger the default of CRI under a running container', async () => {
  await startContainer('native', 'before');
  const { status, stdout, stderr } = await installNode();
  assert.is(status, 0, stdout + stderr);
  assert.match(await machine.run('ctr', 'plugins', 'ls'), /snapledger +\S+ +ok/);
  assert.is(await defaultSnapshotter(), 'snapledger');
  assert.ok(await isRunning('before'));
  assert.match(await machine.run('/usr/local/bin/snapledger', 'stats'), /^node +worker-7\.example, Linux /m);
  for (const path of ['/etc/snapledger/config.toml', '/usr/local/lib/snapledger/installed'])
    assert.is((await machine.run('stat', '--format=%a', path)).trim(), '600', `${path} may have a password`);
  await startContainer('snapledger', 'after');
});

test('install again: changes and restarts nothing', async () => {
  const before = [await mainPid('containerd'), await mainPid('snapledger')];
  const { status, stdout, stderr } = await installNode();
  assert.is(status, 0, stderr);
  assert.match(stdout, 'version and settings are in place');
  assert.equal([await mainPid('containerd'), await mainPid('snapledger')], before);
});

test('other settings: restart the daemon only', async () => {
  const before = [await mainPid('containerd'), await mainPid('snapledger')];
  setSettings(`log_level = "debug"\n${configMap()}`);
  assert.is((await installNode()).status, 0);
  assert.is(await mainPid('containerd'), before[0]);
  assert.is.not(await mainPid('snapledger'), before[1]);
  assert.ok(await isRunning('after'));
});

const hasPlugin = async () => /snapledger +\S+ +ok/.test(await machine.run('ctr', 'plugins', 'ls'));

test('a run that was interrupted: is completed by the next one', async () => {
  const before = await mainPid('snapledger');
  await machine.run('rm', '/usr/local/lib/snapledger/installed');
  // containerd runs without the drop-in file, which was written but not followed by a restart
  await machine.run('mv', dropIn, '/run/kept');
  await machine.run('systemctl', 'restart', 'containerd');
  await machine.run('cp', '/run/kept', dropIn);
  await machine.run('touch', '/run/snapledger-unfinished.toml');
  assert.not.ok(await hasPlugin());
  const { status, stderr } = await installNode();
  assert.is(status, 0, stderr);
  assert.is.not(await mainPid('snapledger'), before);
  assert.ok(await hasPlugin());
  assert.is.not((await machine.attempt('test', '-e', '/run/snapledger-unfinished.toml')).status, 0);
});

test('a containerd with another main file: is connected by that one', async () => {
  const unit = join(machine.path, 'etc/systemd/system/containerd.service.d/main.conf');
  mkdirSync(dirname(unit), { recursive: true });
  writeFileSync(unit, '[Service]\nExecStart=\nExecStart=/usr/bin/containerd --config /etc/other.toml\n');
  await machine.run('sh', '-c', 'echo version = 2 >/etc/other.toml');
  await machine.run('systemctl', 'daemon-reload');
  await machine.run('systemctl', 'restart', 'containerd');
  assert.not.ok(await hasPlugin());
  const { status, stdout, stderr } = await installNode();
  assert.is(status, 0, stdout + stderr);
  assert.ok(await hasPlugin());
  rmSync(unit);
  await machine.run('systemctl', 'daemon-reload');
  await machine.run('systemctl', 'restart', 'containerd');
});

test('a containerd that does not start with the new settings: gets the old ones back', async () => {
  const unit = join(machine.path, 'etc/systemd/system/containerd.service.d/refuse.conf');
  mkdirSync(dirname(unit), { recursive: true });
  const kept = readFileSync(join(machine.path, dropIn), 'utf8');
  rmSync(join(machine.path, dropIn));
  writeFileSync(unit, `[Service]\nExecStartPre=/bin/sh -c '! test -e ${dropIn}'\n`);
  await machine.run('systemctl', 'daemon-reload');
  const { status, stderr } = await installNode();
  rmSync(unit);
  await machine.run('systemctl', 'daemon-reload');
  assert.is(status, 1);
  assert.match(stderr, 'containerd did not start with its new settings, which were taken back');
  assert.is.not((await machine.attempt('test', '-e', dropIn)).status, 0);
  await waitFor('containerd', async () => (await machine.attempt('ctr', 'version')).status === 0);
  assert.is((await installNode()).status, 0);
  assert.is(readFileSync(join(machine.path, dropIn), 'utf8'), kept);
});

test('disconnect: makes another snapshotter the default, while containers on snapledger go on', async () => {
  const { status, stderr } = await installNode('disconnect');
  assert.is(status, 0, stderr);
  assert.is(await defaultSnapshotter(), 'overlayfs');
  assert.ok(await isRunning('after'));
  assert.match(await machine.run('ctr', 'plugins', 'ls'), /snapledger +\S+ +ok/);
});

test('uninstall: is refused while a container uses snapledger, and then removes all but settings and store', async () => {
  const refused = await installNode('uninstall');
  assert.is(refused.status, 1);
  assert.match(refused.stderr, 'containers of the node still use snapledger');
  await machine.run('ctr', 'task', 'rm', '--force', 'after');
  await machine.run('ctr', 'container', 'rm', 'after');
  // A takeover refuses a containerd that still has snapshots of snapledger.
  await machine.run('ctr', 'images', 'rm', '--sync', reference);
  await waitFor('the snapshot to be collected', async () => (await installNode('uninstall')).status === 0);
  assert.not.match(await machine.run('ctr', 'plugins', 'ls'), 'snapledger');
  assert.is.not((await machine.attempt('test', '-e', '/usr/local/lib/snapledger')).status, 0);
  await machine.run('test', '-e', '/var/lib/snapledger/store');
  assert.match((await installNode('uninstall')).stdout, 'is not installed');
  assert.ok(await isRunning('before'));
});

const overlayfs = '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs';
const runOnce = (snapshotter: string, id: string) =>
  machine.run('ctr', 'run', '--rm', '--net-host', '--snapshotter', snapshotter, reference, id, 'sleep', '0');

test('takeover without a root in the settings: is refused before anything changes', async () => {
  setSettings(configMap());
  const { status, stderr } = await installNode('takeover');
  assert.is(status, 1);
  assert.match(stderr, 'the settings of the config map name no root');
  assert.is.not((await machine.attempt('test', '-e', '/usr/local/lib/snapledger')).status, 0);
});

test('takeover: switches the node in place under a running container', async () => {
  await startContainer('overlayfs', 'kept');
  setSettings(`root = "${overlayfs}"\n${configMap()}`);
  const { status, stdout, stderr } = await installNode('takeover');
  assert.is(status, 0, stdout + stderr);
  assert.is(await defaultSnapshotter(), 'snapledger');
  assert.ok(await isRunning('kept'));
  await runOnce('snapledger', 'without-pull');
});

test('takeover again: changes and restarts nothing', async () => {
  const before = [await mainPid('containerd'), await mainPid('snapledger')];
  const { status, stdout, stderr } = await installNode('takeover');
  assert.is(status, 0, stderr);
  assert.match(stdout, 'version and settings are in place');
  assert.equal([await mainPid('containerd'), await mainPid('snapledger')], before);
});

test('giveback: switches the node back under a running container, and uninstalls', async () => {
  const { status, stdout, stderr } = await installNode('giveback');
  assert.is(status, 0, stdout + stderr);
  assert.is(await defaultSnapshotter(), 'overlayfs');
  assert.ok(await isRunning('kept'));
  await runOnce('overlayfs', 'back');
  assert.is.not((await machine.attempt('test', '-e', '/usr/local/lib/snapledger')).status, 0);
});

const stateOf = async (unit: string) =>
  (await machine.run('systemctl', 'show', '--property=ActiveState', '--value', unit)).trim();

/** Begins a takeover as a unit, and waits until its switch has made the store and starts the daemon. Resolves with what lets that start. */
async function takeOverHalf(): Promise<() => Promise<void>> {
  const script = 'mount --bind /tmp/image /mnt && exec /mnt/install-node';
  const release = await machine.holdStart('snapledger');
  await machine.run(
    ...['systemd-run', '--quiet', '--collect', '--unit', 'installer', '--setenv=NODE_NAME=worker-7.example'],
    ...(['--setenv=ACTION=takeover', 'unshare', '--mount', 'sh', '-c', script] as const),
  );
  await waitFor('the start of the daemon', async () => (await stateOf('snapledger')) === 'activating');
  return release;
}

/** The node is switched, by a run of the installer that completes what the killed one began. */
async function expectSwitched(): Promise<void> {
  const { status, stdout, stderr } = await installNode('takeover');
  assert.is(status, 0, stdout + stderr);
  assert.is(await defaultSnapshotter(), 'snapledger');
  assert.ok(await isRunning('kept'));
  await runOnce('snapledger', 'again');
  assert.is((await installNode('giveback')).status, 0);
  assert.is(await defaultSnapshotter(), 'overlayfs');
}

test('takeover whose container is killed in the middle of the switch: the node completes it, and the next run waits for that', async () => {
  const release = await takeOverHalf();
  await machine.run('systemctl', 'kill', '--signal=KILL', 'installer');
  await waitFor('the end of the container', async () => (await stateOf('installer')) !== 'active');
  assert.equal([await stateOf('snapledger-switch'), await stateOf('containerd')], ['active', 'inactive']);
  const next = expectSwitched();
  await release();
  await next;
});

test('takeover whose switch is killed: containerd runs again, and the next run completes it', async () => {
  const release = await takeOverHalf();
  await machine.run('systemctl', 'kill', '--signal=KILL', 'snapledger-switch');
  // containerd starts after the daemon, whose start the switch had begun.
  await release();
  await waitFor('containerd', async () => (await machine.attempt('ctr', 'version')).status === 0);
  await expectSwitched();
});

test.run();
