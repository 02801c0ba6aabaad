import { parse } from 'smol-toml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { complete } from '../../../src/config/config.ts';
import { type DropInOptions, dropIn, parseVersion } from '../../../src/config/containerd/drop-in.ts';
import { table, withImport } from '../../../src/config/containerd/main-file.ts';
import type { Settings } from '../../../src/config/settings.ts';

const test = suite('drop-in for containerd');

const text = (version: string | undefined, options: Partial<DropInOptions> = {}, settings: Settings = {}) =>
  dropIn(complete(settings), {
    version: version === undefined ? undefined : parseVersion(version),
    origin: '',
    cri: false,
    userNamespace: false,
    main: undefined,
    ...options,
  });
/** The parser's tables have no prototype. */
const tables = (...args: Parameters<typeof text>) => table(JSON.parse(JSON.stringify(parse(text(...args)))));
const proxy = (...args: Parameters<typeof text>) => table(table(tables(...args).proxy_plugins).snapledger);
const plugins = (...args: Parameters<typeof text>) => table(tables(...args).plugins);
const transferOf = (...args: Parameters<typeof text>) => table(plugins(...args)['io.containerd.transfer.v1.local']);
const cri1 = 'io.containerd.grpc.v1.cri';
const cri2 = 'io.containerd.cri.v1.images';
const remapped = { overlay: { remap_ids: true } };

test('versions: are read as containerd prints them', () => {
  assert.equal(parseVersion('1.6.20~ds1'), [1, 6, 20]);
  assert.equal(parseVersion('v2.4.0-beta.0'), [2, 4, 0]);
  assert.equal(parseVersion('2.3'), [2, 3]);
  for (const none of ['', '2', 'two.three', 'x2.3']) assert.is(parseVersion(none), undefined);
});

test('proxy: has address and root, escaped, and no version line', () => {
  const settings = { root: '/srv/snap "x"', address: '/run/x.sock' };
  const expected = { type: 'snapshot', address: '/run/x.sock', exports: { root: '/srv/snap "x"' } };
  assert.equal(proxy('1.6', {}, settings), expected);
  assert.is(tables('2.3').version, undefined);
});

test('capabilities: rebase from 2.2 with overlay outside of user namespaces, remap-ids from 2.0 if the daemon maps ids', () => {
  for (const [version, options, settings, expected] of [
    ['1.7.28', {}, {}, undefined],
    ['2.1.4', {}, {}, undefined],
    ['2.2.0', {}, {}, ['rebase']],
    ['3.0', {}, {}, ['rebase']],
    ['2.2.0', { userNamespace: true }, {}, undefined],
    ['2.2.0', {}, { driver: 'btrfs' }, undefined],
    ['2.2.0', {}, { overlay: { mount_options: ['userxattr'] } }, undefined],
    ['1.6.20', {}, remapped, undefined],
    ['2.0', {}, remapped, ['remap-ids']],
    ['2.4.0-beta.0', {}, remapped, ['remap-ids', 'rebase']],
    [undefined, {}, remapped, ['remap-ids', 'rebase']],
    ['2.0', {}, { driver: 'btrfs', ...remapped }, undefined],
    ['2.0', {}, { overlay: { slow_chown: false } }, ['only-remap-ids']],
    ['2.0', {}, { overlay: { slow_chown: false, remap_ids: true } }, ['remap-ids']],
    ['1.7.34', {}, { overlay: { slow_chown: false } }, undefined],
  ] as const)
    assert.equal(proxy(version, options, settings).capabilities, expected, `${version} ${JSON.stringify(settings)}`);
});

test('capabilities: a containerd that does not map ids is named', () => {
  assert.match(text('1.7', {}, remapped), '# `overlay.remap_ids` needs containerd 2.0');
  assert.not.match(text('2.0', {}, remapped), 'needs containerd 2.0');
});

test('staged layers: a containerd that cannot unpack them is named', () => {
  const staged = { overlay: { stage_layers: true } };
  for (const version of ['1.7', '2.3.4', undefined])
    assert.match(text(version, {}, staged), '# `overlay.stage_layers` needs containerd 2.4');
  assert.not.match(text('2.4.0-beta.0', {}, staged), 'stage_layers');
});

test('CRI: 1.x, 2.x and an unknown version get the tables that they read', () => {
  const keys = (version: string | undefined) =>
    Object.keys(plugins(version, { cri: true })).filter((key) => key.includes('cri'));
  assert.equal(keys('1.7'), [cri1]);
  assert.equal(keys('2.0'), [cri2]);
  assert.equal(keys(undefined), [cri1, cri2]);
  assert.equal(plugins('1.6', { cri: false }), {});
});

test('CRI: the table for 1.x repeats that of the main file, by its name in the version of the main file', () => {
  const own = { sandbox_image: 'pause', containerd: { default_runtime_name: 'crun', snapshotter: 'overlayfs' } };
  const expected = { ...own, containerd: { default_runtime_name: 'crun', snapshotter: 'snapledger' } };
  const main = { version: 2, plugins: { [cri1]: own } };
  assert.equal(plugins('1.6', { cri: true, main })[cri1], expected);
  assert.match(text('1.6', { cri: true, main }), `# containerd 1.x replaces the whole table ${cri1}`);
  const first = { plugins: { cri: own } };
  assert.equal(plugins('1.6', { cri: true, main: first }), { cri: expected });
  assert.equal(plugins('2.3', { cri: true, main })[cri2], { snapshotter: 'snapledger' });
});

test('CRI: a main file that disables it is named', () => {
  for (const name of ['cri', cri1])
    assert.match(text('2.3', { cri: true, main: { disabled_plugins: [name] } }), '# The main file disables CRI');
  assert.not.match(text('2.3', { main: { disabled_plugins: ['cri'] } }), 'disables CRI');
});

test('CRI: before 1.7.16 it needs a link to the image file system, which serve creates on request', () => {
  const link = 'ln -sfnT /var/lib/snapledger /var/lib/containerd/io.containerd.snapshotter.v1.snapledger';
  for (const version of ['1.6.20', '1.7', '1.7.15', undefined])
    assert.match(text(version, { cri: true }), `#   ${link}`);
  for (const version of ['1.7.16', '1.8', '2.0']) assert.not.match(text(version, { cri: true }), 'ln -s');
  assert.match(text('1.7', { cri: true }, { containerd: { image_fs_link: '/srv/c' } }), '`serve` creates it');
});

test('transfer service: unpacks for snapledger beside what is there already', () => {
  const names = (...args: Parameters<typeof text>) => {
    const { unpack_config } = transferOf(...args);
    return (Array.isArray(unpack_config) ? unpack_config : []).map((entry) => table(entry).snapshotter);
  };
  assert.equal(names('1.6'), []);
  assert.equal(names('1.7'), ['overlayfs', 'snapledger']);
  assert.equal(names('2.2'), ['overlayfs', 'snapledger']);
  assert.equal(names('2.3'), ['overlayfs', 'erofs', 'snapledger']);
  const unpack_config = [{ snapshotter: 'zfs' }, { snapshotter: 'snapledger' }];
  const main = { plugins: { 'io.containerd.transfer.v1.local': { unpack_config } } };
  assert.equal(names('2.3', { main }), ['zfs', 'snapledger']);
});

test('transfer service: leaves it to the operator how many layers are unpacked at once, and says what that changes', () => {
  for (const version of ['2.1', '2.2', '2.3']) assert.is(transferOf(version).max_concurrent_unpacks, undefined);
  const note = 'A pull then adopts only retained base layers';
  assert.equal(
    ['2.1', '2.2', '2.3'].map((version) => text(version).includes(note)),
    [false, true, true],
  );
  for (const [max_concurrent_unpacks, noted] of [
    [1, true],
    [2, false],
  ] as const) {
    const main = { plugins: { 'io.containerd.transfer.v1.local': { max_concurrent_unpacks } } };
    assert.is(transferOf('2.3', { main }).max_concurrent_unpacks, undefined);
    assert.is(text('2.3', { main }).includes(note), noted);
  }
  const downloads = { plugins: { 'io.containerd.transfer.v1.local': { max_concurrent_downloads: 9 } } };
  assert.is(transferOf('1.7', { main: downloads }).max_concurrent_downloads, 9);
});

test('import: is added once, and nothing else changes', () => {
  for (const [before, after] of [
    ['', 'imports = ["/d/*.toml"]\n'],
    ['a = 1\n[b]\nimports = 2\n', 'imports = ["/d/*.toml"]\na = 1\n[b]\nimports = 2\n'],
    ['imports = []\n', 'imports = ["/d/*.toml"]\n'],
    ['a = 1\nimports = [\n  "/e",\n]\n', 'a = 1\nimports = ["/d/*.toml", \n  "/e",\n]\n'],
    ['imports = ["/d/*.toml"] # mine\n', 'imports = ["/d/*.toml"] # mine\n'],
    ['"imports" = ["/e"]\n', undefined],
    ['imports = "/e"\n', undefined],
    ['# imports = [\n[b]\nimports = [1]\n', 'imports = ["/d/*.toml"]\n# imports = [\n[b]\nimports = [1]\n'],
  ] as const)
    assert.is(withImport(before, '/d/*.toml'), after, before);
});

test('takeover: disables overlayfs, which the transfer service must not list, and is the default of CRI unless that is disabled', () => {
  const takeover = { takeover: true };
  assert.equal(tables('1.6', takeover).disabled_plugins, ['io.containerd.snapshotter.v1.overlayfs']);
  assert.equal(tables('1.6', { ...takeover, main: { plugins: {} } }).disabled_plugins, ['overlayfs']);
  assert.is(tables('2.3').disabled_plugins, undefined);
  const listed = transferOf('2.3', takeover).unpack_config as readonly { snapshotter: string }[];
  assert.equal(
    listed.map(({ snapshotter }) => snapshotter),
    ['erofs', 'snapledger'],
  );
  assert.equal(plugins('2.3', takeover)[cri2], { snapshotter: 'snapledger' });
  for (const name of ['cri', cri1, cri2])
    assert.is(plugins('2.3', { ...takeover, main: { version: 3, disabled_plugins: [name] } })[cri2], undefined, name);
});

test('runtimes: a comment names each that has a snapshotter of its own, if CRI uses snapledger', () => {
  const runtimes = { kata: { snapshotter: 'overlayfs' }, runc: {}, own: { snapshotter: 'snapledger' } };
  const main1 = { version: 2, plugins: { [cri1]: { containerd: { runtimes } } } };
  const main2 = { version: 3, plugins: { 'io.containerd.cri.v1.runtime': { containerd: { runtimes } } } };
  for (const [version, main] of [
    ['1.7', main1],
    ['2.3', main1],
    ['2.3', main2],
    [undefined, main2],
  ] as const) {
    const named = (options: Partial<DropInOptions>) =>
      text(version, { main, ...options })
        .split('\n')
        .filter((line) => line.startsWith('#') && line.includes('runtime '));
    assert.equal(named({}), []);
    assert.equal(named({ cri: true }), [
      "# CRI's runtime kata has the snapshotter overlayfs: its pods do not use snapledger until it is removed from the runtime's table.",
    ]);
    assert.equal(named({ takeover: true }), [
      "# CRI's runtime kata has the snapshotter overlayfs, which is disabled: remove it from the runtime's table, or its pods do not start.",
    ]);
  }
  assert.not.match(text('1.6', { cri: true, main: main1 }), 'runtime kata');
});

test.run();
