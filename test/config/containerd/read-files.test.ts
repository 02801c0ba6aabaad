import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'smol-toml';
import * as assert from 'uvu/assert';
import { mergeSettings } from '../../../src/app/doctor/containerd-settings.ts';
import { readContainerdFiles } from '../../../src/config/containerd/read-files.ts';
import { isContainerd, requireTools, tools } from '../../support/containerd/tools.ts';
import { suiteNeeding } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { createSandbox } from '../../support/sandbox.ts';

const test = suiteNeeding("containerd's configuration", requireTools('containerd'));
const sandbox = createSandbox('containerd-files');
test.after(() => sandbox.close());

let count = 0;

/** Writes files below a new folder, and returns the path of the main one. */
function write(files: Readonly<Record<string, string>>): string {
  const folder = sandbox.folder(String(++count));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return join(folder, 'config.toml');
}

const proxy = (address: string) => `[proxy_plugins.snapledger]\ntype = "snapshot"\naddress = "${address}"\n`;

/** What containerd itself makes of the files: its proxy plugins and CRI's snapshotter. */
async function dumped(main: string) {
  const { stdout } = await run(tools.containerd, ['--config', main, 'config', 'dump']);
  const { proxy_plugins, plugins } = parse(stdout) as Record<string, Record<string, Record<string, unknown>>>;
  const cri = plugins?.['io.containerd.cri.v1.images'] ?? plugins?.['io.containerd.grpc.v1.cri']?.containerd;
  const addresses = Object.entries(proxy_plugins ?? {}).map(([name, { address }]) => [name, address]);
  return { addresses: addresses.sort(), cri: (cri as { snapshotter?: string })?.snapshotter };
}

async function expectSame(main: string) {
  const { files, failures } = readContainerdFiles(main);
  const { proxies, criSnapshotter } = mergeSettings(files, isContainerd(2) ? 2 : 1);
  const addresses = proxies.map(({ name, address }) => [name, address]).sort();
  assert.equal(failures, []);
  assert.equal({ addresses, cri: criSnapshotter ?? 'overlayfs' }, await dumped(main));
  return files.map(({ path }) => path.slice(dirname(main).length + 1));
}

test('imports: patterns, relative paths and repeated files are read as containerd reads them', async () => {
  const folder = `${sandbox.path}/${count + 1}`;
  const main = write({
    'config.toml': `version = 2\nimports = ["${folder}/conf.d/*.toml", "more.toml", "./more.toml", "${folder}/none-*.toml"]\n`,
    'conf.d/b.toml': proxy('/run/b.sock'),
    'conf.d/a.toml': `${proxy('/run/a.sock')}\n[proxy_plugins.x]\ntype = "snapshot"\naddress = "/run/x.sock"\n`,
    'conf.d/c.conf': 'not read',
    'more.toml': 'imports = ["config.toml", "deep/d.toml"]\n',
    'deep/d.toml': '',
  });
  const read = await expectSame(main);
  assert.equal(read, ['config.toml', 'conf.d/a.toml', 'conf.d/b.toml', 'more.toml', 'deep/d.toml']);
});

test('relative patterns: are taken from the file, by 1.6 from its working directory', () => {
  const main = write({
    'config.toml': 'imports = ["conf.d/*.toml"]\n',
    'conf.d/a.toml': '',
    'other/conf.d/b.toml': '',
  });
  const names = (from?: string) =>
    readContainerdFiles(main, from).files.map(({ path }) => path.slice(dirname(main).length));
  assert.equal(names(), ['/config.toml', '/conf.d/a.toml']);
  assert.equal(names(join(dirname(main), 'other')), ['/config.toml', '/other/conf.d/b.toml']);
});

const cri = (more = '') => `[plugins."io.containerd.grpc.v1.cri".containerd]\nsnapshotter = "snapledger"\n${more}`;
const runtimes =
  '[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]\nruntime_type = "io.containerd.runc.v2"\n';

for (const [title, files] of [
  ['in the main file', { 'config.toml': `version = 2\n${cri()}` }],
  ['in the main file with runtimes', { 'config.toml': `version = 2\n${cri(runtimes)}` }],
  ['without a version', { 'config.toml': cri() }],
  ['by its short name', { 'config.toml': '[plugins.cri.containerd]\nsnapshotter = "snapledger"\n' }],
  ['in a drop-in', { 'config.toml': 'version = 2\nimports = ["a.toml"]\n', 'a.toml': cri(runtimes) }],
  [
    'hidden by a drop-in',
    {
      'config.toml': `version = 2\nimports = ["a.toml"]\n${cri(runtimes)}`,
      'a.toml': '[plugins."io.containerd.grpc.v1.cri"]\nsandbox_image = "x"\n',
    },
  ],
] as const)
  test(`CRI's snapshotter, ${title}: is the one that containerd takes`, async () => {
    await expectSame(write(files));
  });

test('a table twice: file, line and what to do; containerd refuses it too', async () => {
  const main = write({ 'config.toml': `version = 2\n${proxy('/run/a.sock')}${proxy('/run/a.sock')}` });
  const { files, failures } = readContainerdFiles(main);
  assert.equal(files, []);
  assert.match(failures[0]?.text ?? '', `${main}:5:`);
  assert.match(failures[0]?.hint ?? '', 'keep one of the two tables');
  assert.is((await run(tools.containerd, ['--config', main], { anyStatus: true })).status, 1);
});

test('a missing import: is named; containerd refuses it too', async () => {
  const main = write({ 'config.toml': 'version = 2\nimports = ["gone.toml"]\n' });
  assert.match(readContainerdFiles(main).failures[0]?.text ?? '', `${dirname(main)}/gone.toml`);
  assert.is((await run(tools.containerd, ['--config', main], { anyStatus: true })).status, 1);
});

test('conf.d without imports: its files are listed as not read', async () => {
  const main = write({ 'config.toml': 'version = 2\n', 'conf.d/a.toml': proxy('/run/a.sock') });
  assert.equal(
    readContainerdFiles(main).ignored.map(({ path }) => path),
    [`${dirname(main)}/conf.d/a.toml`],
  );
  assert.equal(await expectSame(main), ['config.toml']);
});

test('no main file: nothing is read, and that is no error', () => {
  assert.equal(readContainerdFiles('/nowhere/config.toml'), {
    main: '/nowhere/config.toml',
    files: [],
    failures: [],
    ignored: [],
  });
});

test.run();
