import { chmodSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'smol-toml';
import * as assert from 'uvu/assert';
import { requireCommand, suiteNeeding } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { createSandbox } from '../support/sandbox.ts';
import { daemonFile } from '../support/server.ts';
import { snapledgerRun } from './process.ts';

const test = suiteNeeding('containerd-config', requireCommand('containerd'));
const sandbox = createSandbox('containerd-config');
test.after(() => sandbox.close());

/** A main file of containerd in a folder of its own, and the command that writes the drop-in beside it. */
function node(name: string, text: string | undefined) {
  const main = join(sandbox.folder(name), 'config.toml');
  if (text !== undefined) writeFileSync(main, text);
  const dropIn = join(sandbox.path, name, 'conf.d/snapledger.toml');
  const write = (...args: readonly string[]) =>
    snapledgerRun('containerd-config', '--main', main, '--output', dropIn, '--address', '/run/x.sock', ...args);
  return { main, dropIn, write };
}

/** The configuration that the installed containerd makes of a main file and its imports. */
const loaded = async (main: string) => parse((await run('containerd', ['--config', main, 'config', 'dump'])).stdout);

/** A value at a path of names. */
const at = (value: unknown, ...names: readonly string[]): unknown =>
  names.reduce((inner, name) => (inner as Readonly<Record<string, unknown>> | undefined)?.[name], value);

test('names the version of the installed containerd, and prints only what that one reads', async () => {
  const { stdout } = await snapledgerRun('containerd-config', '--cri');
  const [, found = ''] = /^# For containerd (\S+), found on this machine/.exec(stdout) ?? [];
  assert.match((await run('containerd', ['--version'])).stdout, ` ${found} `);
  const { plugins } = parse(stdout);
  const major = found.replace(/^v/, '').split('.')[0];
  const key = major === '1' ? 'io.containerd.grpc.v1.cri' : 'io.containerd.cri.v1.images';
  assert.ok(Object.hasOwn(plugins as object, key), stdout);
});

test('writes a drop-in that the installed containerd loads, with and without a known version', async () => {
  for (const args of [[], ['--containerd', '2.3'], ['--containerd', '1.6']] as const) {
    const { main, write } = node(`loads${args.at(-1)}`, 'version = 2\n');
    const { status, stderr } = await write(...args);
    assert.equal([status, stderr], [0, '']);
    const { type, address } = at(await loaded(main), 'proxy_plugins', 'snapledger') as never;
    assert.equal([type, address], ['snapshot', '/run/x.sock']);
  }
});

test('makes it the default of CRI, and keeps what the main file sets for CRI', async () => {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  const settings = `[${cri}]\nsandbox_image = "pause"\n[${cri}.containerd.runtimes.runc.options]\nSystemdCgroup = true\n`;
  const { main, write } = node('cri', `version = 2\n${settings}`);
  await write('--cri');
  const text = (await run('containerd', ['--config', main, 'config', 'dump'])).stdout;
  for (const line of [/snapshotter = ["']snapledger["']/, /sandbox(_image)? = ["']pause["']/, 'SystemdCgroup = true'])
    assert.match(text, line);
});

test('adds the import once, and changes nothing the second time', async () => {
  const { main, dropIn, write } = node('twice', '# mine\nversion = 2\nroot = "/srv/containerd"\n');
  chmodSync(main, 0o600);
  const first = await write('--cri');
  assert.is(first.stdout, `${dropIn}: created\n${main}: changed\n`);
  const text = readFileSync(main, 'utf8');
  assert.match(text, '# mine\nversion = 2\nroot = "/srv/containerd"\n');
  assert.is(statSync(main).mode & 0o777, 0o600);
  const second = await write('--cri');
  assert.is(second.stdout, `${dropIn}: unchanged\n${main}: unchanged\n`);
  assert.is(readFileSync(main, 'utf8'), text);
  assert.is(at(await loaded(main), 'root'), '/srv/containerd');
});

test('creates a main file if there is none, and follows a link to one', async () => {
  const { main, write } = node('none', undefined);
  await write();
  assert.is(at(await loaded(main), 'proxy_plugins', 'snapledger', 'address'), '/run/x.sock');
  const linked = node('linked', undefined);
  const target = join(sandbox.path, 'target.toml');
  writeFileSync(target, 'version = 2\n');
  symlinkSync(target, linked.main);
  await linked.write();
  assert.match(readFileSync(target, 'utf8'), 'imports = [');
});

test('replaces lines that an earlier version appended to the main file', async () => {
  const old = '[proxy_plugins.snapledger]\n  type = "snapshot"\n  address = "/run/old.sock"\n';
  const { main, write } = node('appended', `version = 2\n${old}`);
  await write();
  assert.is(at(await loaded(main), 'proxy_plugins', 'snapledger', 'address'), '/run/x.sock');
});

test('odd main files: CRLF, a list over several lines with comments, and a pattern that imports the file already', async () => {
  const crlf = node('crlf', 'version = 2\r\n[grpc]\r\naddress = "/run/c.sock"\r\n');
  const list = node('list', 'version = 2\nimports = [ # mine\n  "/nowhere-*.toml", # more\n]\n');
  for (const { main, dropIn, write } of [crlf, list]) {
    const { status, stdout, stderr } = await write();
    assert.equal([status, stdout, stderr], [0, `${dropIn}: created\n${main}: changed\n`, '']);
    assert.is(at(await loaded(main), 'proxy_plugins', 'snapledger', 'address'), '/run/x.sock');
  }
  const folder = sandbox.folder('imported');
  const imported = node('imported', `version = 2\nimports = ["${folder}/conf.d/*"]\n`);
  const { stdout } = await imported.write();
  assert.is(stdout, `${imported.dropIn}: created\n${imported.main}: unchanged\n`);
});

test('CRI settings of another import: are kept by the drop-in, which hides them from 1.x', async () => {
  const { main, write } = node('other-import', 'version = 2\n');
  const runtime = 'plugins."io.containerd.grpc.v1.cri".containerd.runtimes.special';
  const folder = sandbox.folder('other-import/conf.d');
  writeFileSync(join(folder, '99-special.toml'), `version = 2\n[${runtime}]\nruntime_type = "special"\n`);
  for (const result of ['changed', 'unchanged']) {
    const { status, stdout } = await write('--cri', '--containerd', '1.6');
    assert.equal([status, stdout.endsWith(`${main}: ${result}\n`)], [0, true]);
    const text = (await run('containerd', ['--config', main, 'config', 'dump'])).stdout;
    for (const line of [/snapshotter = ["']snapledger["']/, /runtime_type = ["']special["']/]) assert.match(text, line);
  }
});

test('a main file that can not be replaced, as a mount: an error, and nothing else is left', async () => {
  const { main, dropIn } = node('mounted', 'version = 2\n');
  const command = [process.execPath, daemonFile, 'containerd-config', '--main', main, '--output', dropIn];
  const around = `mount --bind ${main} ${main} && exec "$@"`;
  const { status, stdout, stderr } = await run('unshare', ['--mount', 'sh', '-c', around, 'sh', ...command], {
    anyStatus: true,
  });
  assert.equal([status, stdout], [4, `${dropIn}: created\n`]);
  assert.match(stderr, `${main}: EBUSY`);
  assert.equal(readdirSync(dirname(main)).sort(), ['conf.d', 'config.toml']);
  assert.is(readFileSync(main, 'utf8'), 'version = 2\n');
});

test('refuses a main file that is not TOML, or whose imports it cannot change, and leaves it as it is', async () => {
  for (const [name, text, message] of [
    ['bad', 'version = \n', /config\.toml:1:\d+: /],
    ['odd', '"imports" = ["/etc/a.toml"]\n', /config\.toml: does not import .*\nhint: add "/],
  ] as const) {
    const { main, write } = node(name, text);
    const { status, stderr } = await write();
    assert.is(status, 2);
    assert.match(stderr, message);
    assert.is(readFileSync(main, 'utf8'), text);
  }
});

test.run();
