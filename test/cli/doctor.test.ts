import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Outcome } from '../../src/app/doctor/check.ts';
import { requireTools, tools } from '../support/containerd/tools.ts';
import { startContainerd } from '../support/containerd.ts';
import { startDaemon } from '../support/daemon.ts';
import { requireRoot, suiteNeeding } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { createSandbox } from '../support/sandbox.ts';
import { daemonFile, serverUnderTest } from '../support/server.ts';
import { snapledgerRun } from './process.ts';

const test = suiteNeeding('doctor', requireRoot(), requireTools('containerd'));
const sandbox = createSandbox('doctor');
test.after(() => sandbox.close());

interface Report {
  readonly status: number;
  readonly checks: Readonly<Record<string, Outcome>>;
  readonly root: string;
}

/** The report of a doctor that is run by a command line which ends in "$@". */
async function reportOf(args: readonly string[], around = 'exec "$@"'): Promise<Report> {
  const doctor = [process.execPath, daemonFile, 'doctor', '--json', ...args];
  const { status, stdout, stderr } = await run('sh', ['-c', around, 'sh', ...doctor], { anyStatus: true });
  const outcomes = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Outcome);
  assert.is(stderr, '');
  const checks = Object.fromEntries(outcomes.map((outcome) => [outcome.check, outcome]));
  return { status, checks, root: sandbox.path };
}

const textsOf = ({ checks }: Report, name: string) => (checks[name]?.findings ?? []).map(({ text }) => text).join('\n');

let count = 0;

/** Writes a file in a new folder of the sandbox. */
function write(name: string, text: string): string {
  const file = join(sandbox.folder(`files/${++count}`), name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** Settings with a root and sockets of their own. */
function settings(more = ''): { readonly file: string; readonly root: string; readonly address: string } {
  const folder = sandbox.folder(`stores/${++count}`);
  const [root, address] = [join(folder, 'root'), join(folder, 's.sock')];
  return { file: write('config.toml', `root = "${root}"\naddress = "${address}"\n${more}`), root, address };
}

test('before a store exists: the driver is tried, nothing is left behind, and init is proposed', async () => {
  const { file, root } = settings();
  const report = await reportOf(['--config', file, '--main', '/nowhere.toml']);
  assert.is(report.status, 5);
  assert.is(report.checks.driver?.status, 'ok');
  assert.match(textsOf(report, 'store'), 'holds no store yet');
  assert.match(textsOf(report, 'plugin'), 'has no proxy plugin');
  assert.equal([existsSync(root), readdirSync(dirname(root))], [false, []]);
});

test('a stopped store: is tried under its lock, which is free afterwards', async () => {
  const { file, root } = settings();
  await snapledgerRun('init', '--config', file);
  const before = readdirSync(root).sort();
  const report = await reportOf(['--config', file]);
  assert.equal([report.checks.driver?.status, report.checks.store?.status], ['ok', 'ok']);
  assert.match(textsOf(report, 'daemon'), 'no daemon serves');
  assert.equal(readdirSync(root).sort(), before);
  assert.is((await snapledgerRun('reconcile', '--config', file)).status, 0);
});

test('a root that is not usable: the sentence of a start', async () => {
  const { file, root } = settings('[overlay]\nmount_options = ["nonsense"]\n');
  const report = await reportOf(['--config', file]);
  assert.match(textsOf(report, 'driver'), 'overlay.mount_options: "nonsense"');
  const foreign = settings();
  mkdirSync(foreign.root);
  writeFileSync(join(foreign.root, 'metadata.db'), '');
  assert.match(textsOf(await reportOf(['--config', foreign.file]), 'driver'), 'holds metadata.db');
  assert.is(existsSync(root), false);
  const damaged = settings();
  await snapledgerRun('init', '--config', damaged.file);
  writeFileSync(join(damaged.root, 'store'), '{');
  const unreadable = await reportOf(['--config', damaged.file]);
  assert.is(unreadable.checks.store?.status, 'error');
  assert.match(textsOf(unreadable, 'store'), `${damaged.root}/store`);
});

test('bad settings: an error, and the other checks use the defaults', async () => {
  const { status, checks } = await reportOf(['--config', write('config.toml', 'adress = "/x"\n')]);
  assert.is(status, 1);
  assert.match(checks.settings?.findings[0]?.text ?? '', 'adress: unknown key, did you mean address?');
  assert.match(checks.store?.inspected ?? '', '/var/lib/snapledger');
});

test('without root, without CAP_SYS_ADMIN, in a user namespace: says what can not be inspected at or done', async () => {
  const { file } = settings();
  await snapledgerRun('init', '--config', file);
  await run('chmod', ['-R', 'o+rX', join(sandbox.path, 'files')]);
  await run('chmod', ['o+x', sandbox.path]);
  const args = ['--config', file];
  const unprivileged = await reportOf(args, 'exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"');
  for (const check of ['store', 'driver', 'daemon'])
    assert.is(unprivileged.checks[check]?.status, 'not checked', check);
  assert.match(unprivileged.checks.store?.inspected ?? '', 'this command does not run as root');
  const bounded = await reportOf(args, 'exec setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin "$@"');
  assert.match(textsOf(bounded, 'privileges'), 'this command lacks CAP_SYS_ADMIN');
  assert.is(bounded.checks.driver?.status, 'error');
  const inside = await reportOf(args, 'exec unshare --user --map-root-user "$@"');
  assert.match(textsOf(inside, 'privileges'), 'this command is in a user namespace');
});

test('units and SELinux of the machine: what they take from the daemon is found', async () => {
  const { file } = settings('');
  const units = dirname(write('snapledger.service', '[Service]\nPrivateMounts=yes\nProtectSystem=strict\nUser=snap\n'));
  writeFileSync(
    join(units, 'containerd.service'),
    '[Unit]\nAfter=network.target\n[Service]\nExecStart=/usr/bin/containerd\nMountFlags=slave\n',
  );
  writeFileSync(join(units, 'x.service'), `[Service]\nRuntimeDirectory=x\n`);
  const address = write('c.toml', `root = "/var/lib/snapledger"\naddress = "/run/x/s.sock"\n`);
  const mounts = `mount --bind ${units} /etc/systemd/system && mount -t tmpfs none /sys/fs && mkdir /sys/fs/selinux && echo 1 >/sys/fs/selinux/enforce`;
  const around = `exec unshare --mount sh -c '${mounts} && exec "$@"' sh "$@"`;
  const report = await reportOf(['--config', file], around);
  const unit = textsOf(report, 'unit');
  for (const setting of ['User=snap', 'ProtectSystem=strict', 'PrivateMounts=yes']) assert.match(unit, setting);
  const other = textsOf(report, 'containerd unit');
  for (const text of ['MountFlags=slave', 'is not ordered after', 'sets no LimitNOFILE=']) assert.match(other, text);
  assert.match(report.checks.confinement?.inspected ?? '', 'SELinux enforcing');
  assert.match(
    textsOf(await reportOf(['--config', address], around), 'sockets'),
    '/run/x, which systemd deletes when x.service stops',
  );
});

/** Configurations that containerd does not start with, and the check that says so. */
const refused: readonly (readonly [
  title: string,
  text: (address: string) => string,
  check: string,
  finding: string,
])[] = [
  [
    'the name of a builtin',
    (address) => `version = 2\n[proxy_plugins.overlayfs]\ntype = "snapshot"\naddress = "${address}"\n`,
    'plugin',
    'proxy_plugins.overlayfs has the name of a snapshotter that is built into containerd',
  ],
  [
    'lines appended twice',
    (address) => `version = 2\n${`[proxy_plugins.snapledger]\ntype = "snapshot"\naddress = "${address}"\n`.repeat(2)}`,
    'containerd configuration',
    'containerd does not start with it',
  ],
  [
    'an import that does not exist',
    () => 'version = 2\nimports = ["gone.toml"]\n',
    'containerd configuration',
    "containerd can't read",
  ],
];

for (const [title, text, check, finding] of refused)
  test(`containerd with ${title}: doctor reports an error, and containerd does not start`, async () => {
    const { file, address } = settings();
    const main = write(
      'main.toml',
      `root = "${sandbox.folder('c/root')}"\nstate = "${sandbox.folder('c/state')}"\n${text(address)}`,
    );
    const report = await reportOf(['--config', file, '--main', main]);
    assert.is(report.status, 1);
    assert.match(textsOf(report, check), finding);
    const started = await run(tools.containerd, ['--config', main, '--address', join(sandbox.path, 'refused.sock')], {
      anyStatus: true,
    });
    assert.not.equal(started.status, 0);
  });

test('a containerd that is too old or too new: is named', async () => {
  const { file } = settings();
  for (const [version, level, text] of [
    ['1.5.18', 'error', 'containerd 1.5.18 is too old'],
    ['9.1.0', 'warning', 'containerd 9.1.0 is newer than'],
  ] as const) {
    const report = await reportOf(['--config', file, '--containerd', version]);
    assert.equal([report.checks.containerd?.status, textsOf(report, 'containerd').includes(text)], [level, true]);
  }
});

test('beside a running daemon and containerd: their mounts are compared; a stale drop-in and a deleted socket are found', async () => {
  const { file, root, address } = settings();
  const [program, ...args] = serverUnderTest('overlay').command(root, address);
  // A disk that is mounted at the root in the daemon's own mount namespace.
  const mount = `mount -t tmpfs none ${root} && exec "$@"`;
  mkdirSync(root);
  const hidden = ['unshare', '--mount', 'sh', '-c', mount, 'sh', program, ...args] as const;
  const daemon = await startDaemon({ command: hidden, address, log: join(sandbox.path, 'daemon.log'), sandbox });
  await startContainerd(sandbox, address);
  const main = join(sandbox.path, 'containerd.toml');
  const inside = (around: string) => reportOf(['--config', file, '--main', main], around);
  const enter = `exec nsenter --mount --target ${daemon.pid} "$@"`;
  const report = await inside(enter);
  assert.equal(
    [report.checks.daemon?.status, report.checks.daemon?.inspected.startsWith(`pid ${daemon.pid}, `)],
    ['ok', true],
  );
  assert.match(report.checks.driver?.inspected ?? '', 'done by the running daemon');
  assert.match(report.checks.containerd?.inspected ?? '', /\d+\.\d+\.\d+/);
  assert.is(report.checks.plugin?.status, 'ok');
  assert.match(textsOf(report, 'mounts'), `does not see the daemon's directory at ${root}`);
  const other = settings();
  assert.match(textsOf(await reportOf(['--config', other.file, '--main', main]), 'plugin'), `leads to ${address}`);
  await run('rm', [address]);
  assert.match(textsOf(await inside(enter), 'sockets'), 'its socket was deleted');
  assert.match(textsOf(await inside(enter), 'plugin'), `no process listens on ${address}`);
});

test('a daemon in another PID namespace: what depends on its process is not checked', async () => {
  const { file, root, address } = settings();
  const command = serverUnderTest('overlay').command(root, address);
  const daemon = await startDaemon({ command, address, log: join(sandbox.path, 'outside.log'), sandbox });
  const around = 'exec unshare --pid --fork --mount-proc "$@"';
  const report = await reportOf(['--config', file, '--main', '/nowhere.toml'], around);
  for (const check of ['daemon', 'driver'])
    assert.equal(
      [report.checks[check]?.status, report.checks[check]?.inspected.includes(`/proc/${daemon.pid}/`)],
      ['not checked', true],
      check,
    );
  assert.not.match(textsOf(report, 'sockets'), 'another process');
});

test('a daemon that hangs: is named, and the command ends', async () => {
  const { file, root, address } = settings();
  const command = serverUnderTest('overlay').command(root, address);
  const daemon = await startDaemon({ command, address, log: join(sandbox.path, 'hanging.log'), sandbox });
  process.kill(daemon.pid, 'SIGSTOP');
  try {
    const report = await reportOf(['--config', file, '--main', '/nowhere.toml'], 'exec timeout 110 "$@"');
    assert.is(report.status, 1);
    assert.match(textsOf(report, 'daemon'), `(pid ${daemon.pid}) holds the root, but its HTTP socket does not answer`);
  } finally {
    process.kill(daemon.pid, 'SIGCONT');
  }
});

test('report for people: a line a check, what is wrong, how to fix it, and the verdict', async () => {
  const { file } = settings();
  const { stdout, status } = await snapledgerRun(
    'doctor',
    '--config',
    file,
    '--main',
    '/nowhere.toml',
    '--containerd',
    '1.5.0',
  );
  assert.is(status, 1);
  assert.match(stdout, /^settings {18}ok {11}/m);
  assert.match(
    stdout,
    /^containerd {16}error {8}1\.5\.0, lacks exports, remap-ids, rebase\n {2}containerd 1\.5\.0 is too old.*\n {4}-> install containerd/m,
  );
  assert.match(stdout, /\ndoctor: 1 error, \d+ warnings?\n$/);
});

test.run();
