import { appendFileSync, copyFileSync, existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import * as assert from 'uvu/assert';
import { logAndRethrow } from '../support/log-and-rethrow.ts';
import { requirePostgres } from '../support/postgres.ts';
import { startRegistry } from '../support/registry.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { waitFor } from '../support/wait-for.ts';
import { fleetFiles, fleetUnits, letReaderRead, type MachineFleet, startMachineFleet } from './fleet.ts';
import { type Machine, needs, startMachine } from './machine.ts';
import { makePackages, pushBusybox } from './packages.ts';

const test = suiteNeeding('Debian package', ...needs(), requirePostgres());
const settings = 'etc/snapledger/config.toml';
const own = '\nlog_level = "debug" # set by hand\n';
let sandbox: Sandbox;
let machine: Machine;
let fleet: MachineFleet;
let reference: string;
let [older, newer] = ['', ''];

test.before(() =>
  logAndRethrow(async () => {
    sandbox = createSandbox('debian');
    const make = async (version: string) =>
      (await makePackages(['deb'], sandbox.folder(version), { PACKAGE_VERSION: version }))[0] ?? '';
    [older, newer] = await Promise.all([make('0.9.0-rc.1'), make('0.9.0')]);
    machine = await startMachine(sandbox);
    for (const file of [older, newer]) copyFileSync(file, join(machine.path, 'tmp', basename(file)));
    reference = await pushBusybox(await startRegistry(sandbox));
  }),
);
test.after(() => sandbox.close());

const install = (file: string) => machine.run('dpkg', '--force-unsafe-io', '--install', `/tmp/${basename(file)}`);
const processOf = (unit: string) => machine.run('systemctl', 'show', '--property=MainPID', unit);
const inContainer = (script: string) =>
  machine.run('ctr', 'task', 'exec', '--exec-id', `exec-${Date.now()}`, 'web', 'sh', '-c', script);
const isActive = async (unit: string) =>
  (await machine.attempt('systemctl', 'is-active', unit)).stdout.trim() === 'active';
const isThere = (path: string) => existsSync(join(machine.path, path));

test('content: own Node, binaries of this platform only, and the libraries they need', async () => {
  const listed = (await run('dpkg-deb', ['--contents', newer])).stdout;
  assert.match(listed, ' ./usr/lib/snapledger/node\n');
  const addons = [...listed.matchAll(/ \.(\/\S+\.node)\n/g)].map(([, path]) => path);
  assert.is(addons.length, 2, addons.join());
  assert.not.match(addons.join(), /musl|win32|darwin/);
  for (const path of [
    '/man8/snapledger.8.gz',
    '/completions/snapledger',
    '/_snapledger',
    '/snapledger.fish',
    '/copyright',
  ])
    assert.match(listed, `${path}\n`);
  assert.not.match(listed, /\.map\n|\.d\.ts\n/);
  assert.match((await run('dpkg-deb', ['--field', newer, 'Depends'])).stdout, /libc6 \(>= [\d.]+\), .*libstdc\+\+6 \(/);
});

test('installation: creates the store and starts the service, without a Node on the machine', async () => {
  assert.is.not((await machine.attempt('sh', '-c', 'command -v node')).status, 0);
  const output = await install(older);
  assert.match(output, 'created store');
  assert.is((await machine.run('snapledger', '--version')).trim(), '0.9.0-rc.1');
  assert.is((await machine.run('systemctl', 'is-active', 'snapledger')).trim(), 'active');
  assert.is((await machine.run('systemctl', 'is-enabled', 'snapledger')).trim(), 'enabled');
  assert.not.ok(isThere('etc/containerd'), 'containerd is not touched');
});

test('unit files: systemd-analyze finds nothing wrong', async () => {
  for (const unit of ['snapledger', ...fleetUnits]) {
    const { status, stdout, stderr } = await machine.attempt('systemd-analyze', 'verify', `${unit}.service`);
    assert.equal([unit, status, stdout, stderr], [unit, 0, '', '']);
  }
});

test('services of the fleet: are neither enabled nor running after the installation', async () => {
  for (const unit of fleetUnits) {
    assert.is((await machine.attempt('systemctl', 'is-enabled', unit)).stdout.trim(), 'disabled');
    assert.not.ok(await isActive(unit));
  }
  assert.ok(isThere('usr/share/doc/snapledger/fleet/alerts.yaml'));
});

test('services of the fleet: index the node and answer questions, without root, with files of mode 0600', async () => {
  fleet = await startMachineFleet(sandbox, machine);
  appendFileSync(join(machine.path, settings), `\nforward = { url = "${fleet.cluster.url}" }\n`);
  await machine.run('systemctl', 'restart', 'snapledger');
  await machine.run('systemctl', 'enable', '--now', 'snapledger-fleet');
  await waitFor('the tables', () => fleet.postgres.sql("SELECT to_regclass('snapledger.progress')", 'fleet') !== '');
  letReaderRead(fleet);
  await machine.run('systemctl', 'start', 'snapledger-fleet-serve');
  await waitFor('the node', async () => JSON.parse((await fleet.get('/nodes')).body).length === 1);
  assert.match(await machine.run('snapledger', 'fleet', 'nodes'), /overlay .* open\n/);
  for (const unit of fleetUnits) {
    const shown = await machine.run('systemctl', 'show', '--property=MainPID', '--value', unit);
    assert.not.match(await machine.run('cat', `/proc/${shown.trim()}/status`), /^Uid:\t0\t/m);
    assert.not.match(await machine.run('cat', `/proc/${shown.trim()}/cmdline`), 'password');
  }
});

test('first container: three commands after the installation', async () => {
  await machine.run('snapledger', 'containerd-config', '--output');
  await machine.run('systemctl', 'restart', 'containerd');
  await machine.run('ctr', 'images', 'pull', '--plain-http', '--snapshotter', 'snapledger', reference);
  const flags = ['--detach', '--net-host', '--snapshotter', 'snapledger'];
  await machine.run('ctr', 'run', ...flags, reference, 'web', 'sleep', '3600');
  await inContainer('echo before > /note');
});

test('upgrade: restarts the daemon, keeps the container and settings changed by hand', async () => {
  appendFileSync(join(machine.path, settings), own);
  const before = await processOf('snapledger');
  const [indexer, server] = await Promise.all(fleetUnits.map(processOf));
  await install(newer);
  assert.is.not(await processOf('snapledger-fleet'), indexer);
  assert.is.not(await processOf('snapledger-fleet-serve'), server);
  for (const unit of fleetUnits) assert.ok(await isActive(unit), unit);
  await waitFor('an answer', async () => (await fleet.get('/nodes')).status === 200);
  assert.is((await machine.run('systemctl', 'is-enabled', 'snapledger-fleet')).trim(), 'enabled');
  assert.is((await machine.attempt('systemctl', 'is-enabled', 'snapledger-fleet-serve')).stdout.trim(), 'disabled');
  assert.is((await machine.run('snapledger', '--version')).trim(), '0.9.0');
  assert.is.not(await processOf('snapledger'), before);
  assert.is((await machine.run('systemctl', 'is-active', 'snapledger')).trim(), 'active');
  assert.ok(readFileSync(join(machine.path, settings), 'utf8').endsWith(own));
  await inContainer('test "$(cat /note)" = before && touch /after');
  await machine.run(
    'ctr',
    'run',
    '--rm',
    '--net-host',
    '--snapshotter',
    'snapledger',
    reference,
    'second',
    'sh',
    '-c',
    'true',
  );
});

test('removal: keeps settings and store, and says that containerd still names the snapshotter', async () => {
  const { status, stderr } = await machine.attempt('dpkg', '--force-unsafe-io', '--remove', 'snapledger');
  assert.is(status, 0, stderr);
  assert.match(stderr, '/etc/containerd still names this snapshotter');
  assert.is.not((await machine.attempt('systemctl', 'is-active', 'snapledger')).status, 0);
  assert.not.ok(isThere('usr/bin/snapledger') || isThere('usr/lib/snapledger'));
  for (const unit of fleetUnits) assert.not.ok(await isActive(unit), unit);
  for (const file of [settings, ...fleetFiles]) assert.ok(isThere(file), file);
  await inContainer('test -e /after');
});

test('purge: deletes the settings and not the store, which the next installation serves', async () => {
  const output = await machine.run('dpkg', '--force-unsafe-io', '--purge', 'snapledger');
  assert.match(output, 'the store in /var/lib/snapledger is kept');
  assert.not.ok(isThere('etc/snapledger'), 'settings with passwords are gone, too');
  const links = await machine.run(
    'find',
    '/etc/systemd',
    '/var/lib/systemd/deb-systemd-helper-enabled',
    '-name',
    'snapledger*',
  );
  assert.is(links, '');
  assert.match(await install(newer), 'already has store');
  assert.is((await machine.run('systemctl', 'is-active', 'snapledger')).trim(), 'active');
  await machine.run('ctr', 'task', 'kill', '--signal', 'KILL', 'web');
});

test('unit file of another installation: is named, with what to do', async () => {
  const other = '/etc/systemd/system/snapledger.service';
  await machine.run('cp', '/usr/lib/systemd/system/snapledger.service', other);
  const { status, stderr } = await machine.attempt('dpkg', '--force-unsafe-io', '--install', `/tmp/${basename(newer)}`);
  await machine.run('rm', other);
  await machine.run('systemctl', 'daemon-reload');
  assert.is(status, 0, stderr);
  assert.match(stderr, `${other} is used instead of the unit file of this package`);
});

/** As in a container: the same machine without systemd. */
const withoutSystemd = (script: string) =>
  machine.attempt('unshare', '--mount', 'sh', '-euc', `mount -t tmpfs tmpfs /run; ${script}`);

test('without systemd: is installed, and says how to start', async () => {
  const files = `dpkg --force-unsafe-io --purge snapledger; dpkg --force-unsafe-io --install /tmp/${basename(newer)}`;
  const { status, stdout, stderr } = await withoutSystemd(files);
  assert.is(status, 0, stderr);
  assert.match(stdout, 'start the daemon with: snapledger serve --existing');
});

test('a root that holds no store and can hold none: is installed, not started, and says what to do', async () => {
  await machine.run('systemctl', 'stop', 'snapledger');
  await machine.run('dpkg', '--force-unsafe-io', '--purge', 'snapledger');
  await machine.run('mount', '-t', 'tmpfs', '-o', 'ro', 'tmpfs', '/var/lib/snapledger');
  const { status, stderr } = await machine.attempt('dpkg', '--force-unsafe-io', '--install', `/tmp/${basename(newer)}`);
  assert.is(status, 0, stderr);
  assert.match(stderr, 'no store was created, so the service is not started');
  assert.match(stderr, 'snapledger init && systemctl start snapledger');
  assert.is.not((await machine.attempt('systemctl', 'is-active', 'snapledger')).status, 0);
});

test.run();
