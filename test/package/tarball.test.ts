import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { logAndRethrow } from '../support/log-and-rethrow.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { waitFor } from '../support/wait-for.ts';
import { fleetUnits } from './fleet.ts';
import { type Machine, needs, startMachine } from './machine.ts';
import { makePackages } from './packages.ts';

const test = suiteNeeding('tarball', ...needs());
const settings = 'etc/snapledger/config.toml';
const unit = 'etc/systemd/system/snapledger.service';
let sandbox: Sandbox;
let machine: Machine;
let made: readonly [readonly string[], readonly string[]];

test.before(() =>
  logAndRethrow(async () => {
    sandbox = createSandbox('tarball');
    const make = (folder: string, TZ: string) => makePackages(['deb', 'tarball'], sandbox.folder(folder), { TZ });
    made = await Promise.all([make('one', 'UTC'), make('other', 'Asia/Tokyo')]);
    const [file = ''] = made[0].filter((name) => name.endsWith('.tar.gz'));
    machine = await startMachine(sandbox);
    await run('tar', ['-xzf', file, '--strip-components=1', '-C', sandbox.folder('machine/tmp/unpacked')]);
  }),
);
test.after(() => sandbox.close());

const install = (...options: readonly string[]) => machine.attempt('/tmp/unpacked/install.sh', ...options);
const isThere = (path: string) => existsSync(join(machine.path, path));
const isActive = async () => (await machine.attempt('systemctl', 'is-active', 'snapledger')).stdout.trim() === 'active';

test('build: the same sources give the same bytes', () => {
  const contents = made.map((files) => files.map((file) => readFileSync(file)));
  assert.is(contents[0]?.length, 2);
  assert.ok(contents[0]?.every((content, n) => contents[1]?.[n]?.equals(content)));
});

test('install.sh: installs below /usr/local for every user, creates the store and starts the service', async () => {
  const strict = 'chmod -R go= /tmp/unpacked; umask 077; exec /tmp/unpacked/install.sh';
  const { status, stdout, stderr } = await machine.attempt('sh', '-c', strict);
  assert.is(status, 0, stderr);
  assert.match(stdout, 'created store');
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  assert.is(
    (await machine.run('setpriv', '--reuid=65534', '--clear-groups', 'snapledger', '--version')).trim(),
    version,
  );
  assert.ok(await isActive());
  for (const unit of ['snapledger', ...fleetUnits])
    assert.equal((await machine.attempt('systemd-analyze', 'verify', `${unit}.service`)).stderr, '');
  for (const unit of fleetUnits)
    assert.is((await machine.attempt('systemctl', 'is-enabled', unit)).stdout.trim(), 'disabled', unit);
  for (const path of ['man/man8/snapledger.8.gz', 'bash-completion/completions/snapledger', 'doc/snapledger/copyright'])
    assert.ok(isThere(`usr/local/share/${path}`), path);
  assert.ok(isThere('usr/local/lib/snapledger/dist/console/index.html'));
  assert.ok(isThere('usr/local/share/doc/snapledger/licenses/preact'));
  assert.ok(isThere('usr/local/share/doc/snapledger/fleet/grafana-dashboard.json'));
});

test('install.sh again: restarts the service and keeps changed settings, and services of the fleet that run', async () => {
  appendFileSync(join(machine.path, settings), '\nlog_level = "debug"\n');
  // Neither has to be reachable for the start.
  const addresses = 'cluster = "kurrentdb://127.0.0.1:1?tls=false"\ndatabase = "postgres://a:secret@127.0.0.1:1/b"\n';
  writeFileSync(join(machine.path, 'etc/snapledger/fleet.toml'), addresses, { mode: 0o600 });
  await machine.run('systemctl', 'enable', '--now', 'snapledger-fleet');
  const indexer = await machine.run('systemctl', 'show', '--property=MainPID', 'snapledger-fleet');
  const before = await machine.run('systemctl', 'show', '--property=MainPID', 'snapledger');
  assert.is((await install()).status, 0);
  assert.is.not(await machine.run('systemctl', 'show', '--property=MainPID', 'snapledger'), before);
  assert.ok(await isActive());
  assert.is.not(await machine.run('systemctl', 'show', '--property=MainPID', 'snapledger-fleet'), indexer);
  assert.is((await machine.run('systemctl', 'is-active', 'snapledger-fleet')).trim(), 'active');
  assert.is((await machine.attempt('systemctl', 'is-active', 'snapledger-fleet-serve')).stdout.trim(), 'inactive');
  assert.match(readFileSync(join(machine.path, settings), 'utf8'), 'log_level = "debug"');
});

test('install.sh --prefix --no-systemd: installs and removes files only', async () => {
  const { status, stdout, stderr } = await install('--prefix', '/opt/snapledger', '--no-systemd');
  assert.is(status, 0, stderr);
  assert.match(stdout, 'start the daemon with: /opt/snapledger/bin/snapledger serve --existing');
  assert.ok((await machine.run('/opt/snapledger/bin/snapledger', 'stats')).length > 0);
  assert.is((await install('--prefix', '/opt/snapledger', '--uninstall')).status, 0);
  assert.not.ok(isThere('opt/snapledger/bin/snapledger'));
  assert.match(readFileSync(join(machine.path, unit), 'utf8'), '=/usr/local/bin/');
  assert.ok(await isActive(), 'the service is that of /usr/local');
});

test('install.sh without a place for the store: says what to do', async () => {
  const script = 'mount -t tmpfs -o ro tmpfs /var/lib/snapledger; exec /tmp/unpacked/install.sh --prefix /opt/other';
  const { status, stderr } = await machine.attempt('unshare', '--mount', 'sh', '-euc', script);
  assert.is(status, 1);
  assert.match(stderr, 'no store was created, so nothing is installed');
  assert.match(stderr, /correct .* and run install.sh again/);
  assert.is(await machine.run('find', '/opt/other', '-type', 'f'), '');
  assert.match(readFileSync(join(machine.path, unit), 'utf8'), '=/usr/local/bin/', 'the unit is that of /usr/local');
  assert.ok(await isActive());
});

/** The installed files and the unit, with their digests; and names that only an unfinished installation has. */
const installed = async () =>
  await machine.run(
    'sh',
    '-c',
    'find /usr/local /etc/systemd -path "*snapledger*" -type f -exec sha256sum {} + | sort; find /usr/local /etc/systemd -name "*snapledger*.old" -o -name "*snapledger*.new"',
  );

for (const [what, breaking] of [
  ['a file is missing', 'rm /tmp/broken/usr/share/fish/vendor_completions.d/snapledger.fish'],
  ['the new daemon does not start', 'echo "process.exit(1);" >/tmp/broken/usr/lib/snapledger/dist/bin/snapledger.cjs'],
] as const)
  test(`install.sh with a release in which ${what}: puts back what was there, and its daemon serves`, async () => {
    const before = await installed();
    const script = `rm -rf /tmp/broken; cp -r /tmp/unpacked /tmp/broken; ${breaking}; exec /tmp/broken/install.sh`;
    const { status, stderr } = await machine.attempt('sh', '-euc', script);
    assert.is.not(status, 0);
    assert.match(stderr, 'what was there before is put back');
    assert.is(await installed(), before);
    assert.ok(await isActive());
    assert.ok((await machine.run('snapledger', 'stats')).length > 0);
  });

test('install.sh that was killed before the new daemon started: is completed by the next run', async () => {
  const before = await installed();
  const release = await machine.holdStart('snapledger');
  await machine.run('systemd-run', '--quiet', '--unit', 'installing', '/tmp/unpacked/install.sh');
  const state = () => machine.run('systemctl', 'show', '--property=ActiveState', 'snapledger');
  await waitFor('the start of the daemon', async () => (await state()).trim() === 'ActiveState=activating');
  await machine.run('systemctl', 'kill', '--signal=KILL', 'installing');
  await release();
  assert.match(await installed(), 'lib/snapledger.old');
  assert.is((await install()).status, 0);
  assert.is(await installed(), before);
  assert.ok(await isActive());
});

test('install.sh --uninstall: removes all but settings and store', async () => {
  const { status, stderr } = await machine.attempt('/usr/local/lib/snapledger/install.sh', '--uninstall');
  assert.is(status, 0, stderr);
  assert.not.ok(await isActive());
  const left = await machine.run('find', '/usr/local', '/etc/systemd', '-name', '*snapledger*');
  assert.is(left, '');
  assert.is.not((await machine.attempt('systemctl', 'is-active', 'snapledger-fleet')).status, 0);
  assert.ok(
    isThere(settings) && isThere('etc/snapledger/fleet.toml') && isThere('var/lib/snapledger/store'),
    'settings and store stay',
  );
});

test('install.sh in a chroot: enables the service for the first boot, and starts nothing', async () => {
  const script = 'mount -t tmpfs tmpfs /run; /tmp/unpacked/install.sh; systemctl is-enabled snapledger';
  const { status, stdout, stderr } = await machine.attempt('unshare', '--mount', 'sh', '-euc', script);
  assert.is(status, 0, stderr);
  assert.match(stdout, /start the daemon with: \/usr\/local\/bin\/snapledger serve --existing\nenabled\n$/);
  assert.not.ok(await isActive());
  await machine.run('/usr/local/lib/snapledger/install.sh', '--uninstall');
  assert.is(await machine.run('find', '/etc/systemd', '-name', '*snapledger*'), '');
});

test('install.sh: refuses what it does not know, with a hint', async () => {
  for (const [options, expected] of [
    [['--prefix', 'opt'], 'opt is not an absolute path'],
    [['--prefix', '/opt/a b'], 'contains other characters'],
    [['--prefix'], '--prefix needs a directory'],
    [['--purge'], 'unknown option --purge'],
  ] as const) {
    const { status, stderr } = await install(...options);
    assert.is(status, 1);
    assert.match(stderr, expected);
    assert.match(stderr, 'hint: ');
  }
});

test.run();
