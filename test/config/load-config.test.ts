import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadConfig } from '../../src/config/load-config.ts';
import { Fault } from '../../src/ports/fault.ts';
import { createSandbox } from '../support/sandbox.ts';

const sandbox = createSandbox('config');
const test = suite('loadConfig');
test.after(() => sandbox.close());

function written(text: string): string {
  const file = join(sandbox.path, 'config.toml');
  writeFileSync(file, text);
  return file;
}

function faultOf(load: () => unknown): Fault {
  try {
    load();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('accepts a cluster for the log or for a copy of it, not for both', () => {
  const [one, other] = ['kurrentdb://a:2113', 'kurrentdb://b:2113'];
  assert.is(loadConfig({ file: written(''), flags: { log: { url: one } } }).log.url, one);
  assert.equal(loadConfig({ file: written(`[forward]\nurl = "${other}"`) }).forward, {
    url: other,
    omitLabels: [],
  });
  const { code, message } = faultOf(() =>
    loadConfig({ file: written(`[log]\nurl = "${one}"\n[forward]\nurl = "${other}"`) }),
  );
  assert.is(code, 'misuse');
  assert.match(message, 'the log itself is kept in a cluster');
});

test('fills an empty file with the defaults', () => {
  assert.equal(loadConfig({ file: written('') }), {
    root: '/var/lib/snapledger',
    existing: false,
    node: null,
    address: '/run/snapledger/snapledger.sock',
    httpAddress: '/run/snapledger/snapledger.http.sock',
    http: { listen: null, tokenFile: null, console: 'read-only' },
    driver: 'overlay',
    durability: 'commit',
    removal: 'background',
    viewsNeedParent: false,
    manifests: false,
    overlay: { mountOptions: [], upperdirLabel: false, slowChown: true, remapIds: false, stageLayers: false },
    log: { segmentBytes: 16 * 2 ** 20, reserveBytes: 2 ** 20, archive: true },
    forward: { omitLabels: [] },
    checkpoint: { every: 50_000 },
    containerdEvents: null,
    imageFsLink: null,
    retention: {
      keep: 86_400_000,
      maxSnapshots: 2000,
      maxBytes: 10 * 2 ** 30,
      minFree: { fraction: 0.2 },
      neverAdopt: ['moby'],
    },
    drainTimeout: 10_000,
    logLevel: 'info',
  });
});

const everyKey = `
root = "/srv/snap//ledger/"
existing = true
node = "rack 7/node-1"
address = "/run/a.sock"
http_address = "/run/b.sock"
driver = "btrfs"
durability = "background"
removal = "sync"
views_need_parent = true
manifests = true
drain_timeout = "1500ms"
log_level = "debug"
[http]
listen = "127.0.0.1:7475"
token_file = "/etc/token"
console = "full"
[overlay]
mount_options = ["volatile", "metacopy=on"]
upperdir_label = true
slow_chown = false
remap_ids = true
stage_layers = true
[log]
segment_bytes = "1.5MiB"
reserve_bytes = 65536
archive = false
[forward]
url = "kurrentdb://a:2113"
omit_labels = ["team", "io.kubernetes.*"]
[checkpoint]
every = 7
[containerd]
events = true
address = "/run/c.sock"
image_fs_link = "/var/lib/ctd/"
[retention]
enabled = true
keep = "7d"
max_snapshots = 500
max_bytes = "1GiB"
min_free = "2GiB"
never_adopt = ["builds"]
`;

test('reads every key', () => {
  assert.equal(loadConfig({ file: written(everyKey) }), {
    root: '/srv/snap/ledger',
    existing: true,
    node: 'rack 7/node-1',
    address: '/run/a.sock',
    httpAddress: '/run/b.sock',
    http: { listen: { host: '127.0.0.1', port: 7475 }, tokenFile: '/etc/token', console: 'full' },
    driver: 'btrfs',
    durability: 'background',
    removal: 'sync',
    viewsNeedParent: true,
    manifests: true,
    overlay: {
      mountOptions: ['volatile', 'metacopy=on'],
      upperdirLabel: true,
      slowChown: false,
      remapIds: true,
      stageLayers: true,
    },
    log: { segmentBytes: 1.5 * 2 ** 20, reserveBytes: 65_536, archive: false },
    forward: { url: 'kurrentdb://a:2113', omitLabels: ['team', 'io.kubernetes.*'] },
    checkpoint: { every: 7 },
    containerdEvents: '/run/c.sock',
    imageFsLink: '/var/lib/ctd/io.containerd.snapshotter.v1.snapledger',
    retention: {
      keep: 7 * 86_400_000,
      maxSnapshots: 500,
      maxBytes: 2 ** 30,
      minFree: { bytes: 2 ** 31 },
      neverAdopt: ['builds'],
    },
    drainTimeout: 1500,
    logLevel: 'debug',
  });
});

test('prefers a flag to the file, and the file to the defaults', () => {
  const file = written('root = "/from/file"\ndriver = "btrfs"\n[log]\nreserve_bytes = 0');
  const config = loadConfig({ file, flags: { root: '/from/flag', driver: undefined } });
  assert.is(config.root, '/from/flag');
  assert.is(config.driver, 'btrfs');
  assert.equal(config.log, { segmentBytes: 16 * 2 ** 20, reserveBytes: 0, archive: true });
});

test('names the node by flag, file or NODE_NAME, in this order', () => {
  const environment = { NODE_NAME: 'from-environment' };
  const file = written('node = "from-file"');
  assert.is(loadConfig({ file, flags: { node: 'from-flag' }, environment }).node, 'from-flag');
  assert.is(loadConfig({ file, environment }).node, 'from-file');
  assert.is(loadConfig({ file: written(''), environment }).node, 'from-environment');
  for (const NODE_NAME of ['', undefined])
    assert.is(loadConfig({ file: written(''), environment: { NODE_NAME } }).node, null);
  const { code, message } = faultOf(() => loadConfig({ file: written(''), environment: { NODE_NAME: 'a\nb' } }));
  assert.is(code, 'misuse');
  assert.match(message, 'NODE_NAME: expected a name of 1 to 255 bytes without control characters, found "a\\nb"');
});

test('refuses a password that others can read, in the file or on the command line', () => {
  const url = 'kurrentdb://name:secret@a:2113';
  for (const [text, key] of [
    [`[forward]\nurl = "${url}"`, 'forward'],
    [`[log]\nurl = "${url}"`, 'log'],
  ] as const) {
    const file = written(text);
    for (const mode of [0o644, 0o640, 0o602]) {
      chmodSync(file, mode);
      const { code, message, hint } = faultOf(() => loadConfig({ file }));
      assert.is(code, 'misuse');
      assert.match(
        message,
        `${key}.url has a password, and others than the owner may read the file (mode ${mode.toString(8)})`,
      );
      assert.is(hint, `chmod 600 ${file}`);
      assert.not.match(message, 'secret');
    }
    chmodSync(file, 0o600);
    assert.is(loadConfig({ file })[key].url, url);
    chmodSync(file, 0o644);
    const { message, hint } = faultOf(() => loadConfig({ file: written(''), flags: { [key]: { url } } }));
    assert.match(message, `--${key}: has a password, which every user of the machine can see`);
    assert.match(hint, `set ${key}.url in the settings file, with mode 0600`);
  }
});

test('shows no connection string that stands in the wrong place', () => {
  for (const text of ['forward = "kurrentdb://name:secret@a"', 'driver = "kurrentdb://name:secret@a"']) {
    const { message } = faultOf(() => loadConfig({ file: written(text) }));
    assert.match(message, 'found a URL');
    assert.not.match(message, 'secret');
  }
});

test('refuses to leave out labels that identify layers, or without effect', () => {
  const label = 'containerd.io/snapshot.ref';
  const refused = (text: string) => faultOf(() => loadConfig({ file: written(text) }));
  assert.match(
    refused(`[forward]\nomit_labels = ["a", "${label}"]`).message,
    `forward.omit_labels: ${label} identifies layers and is always sent`,
  );
  assert.equal(loadConfig({ file: written('[forward]\nomit_labels = ["*"]') }).forward.omitLabels, ['*']);
  assert.match(
    refused('[log]\nurl = "kurrentdb://a"\n[forward]\nomit_labels = ["*"]').message,
    'the log itself is kept in a cluster, by log.url, with all labels',
  );
  assert.match(refused('[forward]\nomit_labels = [""]').message, 'expected the name of a label, with * for any text');
});

test('retains nothing if retention is off, by file or flag', () => {
  assert.is(loadConfig({ file: written('[retention]\nenabled = false\nkeep = "1h"') }).retention, null);
  const flags = { retention: { enabled: false } };
  assert.is(loadConfig({ file: written('[retention]\nkeep = "1h"'), flags }).retention, null);
});

test('puts the HTTP socket beside the address, with any suffix', () => {
  assert.is(loadConfig({ file: written('address = "/run/s"') }).httpAddress, '/run/s.http.sock');
});

const long = `/${'a'.repeat(107)}`;
const wrongTexts: readonly (readonly [text: string, message: string])[] = [
  ['root = 5', 'config.toml: root: expected an absolute path, found 5'],
  ['root = "var/lib"', 'config.toml: root: expected an absolute path, found "var/lib"'],
  ['node = ""', 'config.toml: node: expected a name of 1 to 255 bytes without control characters, found ""'],
  ['address = ""', 'config.toml: address: expected an absolute path of at most 107 bytes, found ""'],
  [`http_address = "${long}"`, 'config.toml: http_address: expected an absolute path of at most 107 bytes, found'],
  [
    '[http]\nlisten = "0.0.0.0:7475"',
    'config.toml: http.listen: expected a loopback address and port, as "127.0.0.1:7475"',
  ],
  ['[http]\nlisten = "localhost:7475"', 'config.toml: http.listen: expected a loopback address and port'],
  ['[http]\nlisten = "127.0.0.1"', 'config.toml: http.listen: expected a loopback address and port'],
  ['[http]\nlisten = "127.0.0.300:1"', 'config.toml: http.listen: expected a loopback address and port'],
  ['[http]\nlisten = "[::1]:65536"', 'config.toml: http.listen: expected a loopback address and port'],
  ['[http]\nlisten = "127.0.0.1:1"', 'http.listen: needs http.token_file'],
  ['[http]\ntoken_file = "token"', 'config.toml: http.token_file: expected an absolute path, found "token"'],
  ['[http]\nlisten_on = 1', 'config.toml: http.listen_on: unknown key'],
  ['driver = "zfs"', 'config.toml: driver: expected one of "overlay", "btrfs", "memory", found "zfs"'],
  ['views_need_parent = "yes"', 'config.toml: views_need_parent: expected true or false, found "yes"'],
  ['overlay = 1', 'config.toml: overlay: expected a table, found 1'],
  ['[overlay]\nmount_options = "ro"', 'config.toml: overlay.mount_options: expected'],
  ['[overlay]\nmount_options = ["a", 5]', 'config.toml: overlay.mount_options.1: expected a string, found 5'],
  ['[overlay]\nremap_ids = "auto"', 'config.toml: overlay.remap_ids: expected true or false, found "auto"'],
  ['[log]\nsegment_bytes = "16 parsecs"', 'config.toml: log.segment_bytes: expected a size of at least 64KiB'],
  ['[log]\nsegment_bytes = 1', 'config.toml: log.segment_bytes: expected a size of at least 64KiB'],
  ['[log]\nreserve_bytes = -1', 'config.toml: log.reserve_bytes: expected a size of at least 0B'],
  ['[log]\nreserve_bytes = 1.5', 'config.toml: log.reserve_bytes: expected a size'],
  ['[log]\nreserve_bytes = nan', 'config.toml: log.reserve_bytes: expected a size'],
  ['[checkpoint]\nevery = 0', 'config.toml: checkpoint.every: expected a whole number of at least 1, found 0'],
  ['[retention]\nkeep = "4000d"', 'config.toml: retention.keep: expected a duration of at most 3650 days'],
  ['[retention]\nmax_snapshots = 0', 'config.toml: retention.max_snapshots: expected a whole number of at least 1'],
  ['[retention]\nmax_bytes = "much"', 'config.toml: retention.max_bytes: expected a size'],
  ['[retention]\nmin_free = "120%"', 'config.toml: retention.min_free: expected a part as "20%", or a size'],
  ['[retention]\nenabled = 1', 'config.toml: retention.enabled: expected true or false, found 1'],
  ['drain_timeout = "soon"', 'config.toml: drain_timeout: expected a duration'],
  ['drain_timeout = inf', 'config.toml: drain_timeout: expected a duration'],
  ['log_level = "loud"', 'config.toml: log_level: expected one of "debug", "info", "warn", "error", found "loud"'],
  ['adress = "/run/x"', 'config.toml: adress: unknown key, did you mean address?'],
  ['[overlay]\nmount_option = []', 'config.toml: overlay.mount_option: unknown key, did you mean mount_options?'],
  ['zzz = 1', 'config.toml: zzz: unknown key'],
  ['__proto__ = 1', 'config.toml: __proto__: unknown key'],
  ['address = "/x.sock"\nhttp_address = "/x.sock"', 'http_address: is the same as address: /x.sock'],
  [`address = "/${'a'.repeat(100)}.sock"`, 'http_address: '],
];

for (const [text, message] of wrongTexts) {
  test(`refuses ${text.replaceAll('\n', ' ').slice(0, 60)}`, () => {
    const fault = faultOf(() => loadConfig({ file: written(text) }));
    assert.is(fault.message.slice(0, message.length), message);
    assert.is(fault.code, 'misuse');
    assert.ok(fault.hint.length > 0);
  });
}

test('names the invalid flag', () => {
  const fault = faultOf(() => loadConfig({ file: written(''), flags: { http_address: 'x' } }));
  assert.is(fault.message, '--http-address: expected an absolute path of at most 107 bytes, found "x"');
  const nested = faultOf(() => loadConfig({ file: written(''), flags: { http: { token_file: 'x' } } }));
  assert.is(nested.message, '--http-token-file: expected an absolute path, found "x"');
});

test('reports line and column of a syntax error', () => {
  const file = written('root = "/x"\ndriver = overlay\n');
  assert.match(faultOf(() => loadConfig({ file })).message, `${file}:2:`);
});

test('names a file that is missing, not a file or too long', () => {
  const missing = join(sandbox.path, 'missing.toml');
  assert.is(faultOf(() => loadConfig({ file: missing })).message, `${missing}: there is no such file`);
  mkdirSync(join(sandbox.path, 'folder'));
  assert.match(faultOf(() => loadConfig({ file: sandbox.folder('folder') })).message, 'is not a file');
  const file = written(`# ${'x'.repeat(2 ** 20)}`);
  assert.match(faultOf(() => loadConfig({ file })).message, 'more than 1 MiB');
  assert.match(faultOf(() => loadConfig({ file: '/dev/zero' })).message, 'is not a file');
});

test.run();
