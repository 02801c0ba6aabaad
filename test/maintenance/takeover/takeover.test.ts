import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import * as assert from 'uvu/assert';
import { readBolt } from '../../../src/adapters/containerd-store/read-bolt.ts';
import { snapshotBuckets } from '../../../src/adapters/containerd-store/snapshot-buckets.ts';
import { prepareRoot } from '../../../src/adapters/system/root/root-directory.ts';
import { createSystem } from '../../../src/adapters/system/system.ts';
import type { MetadataContent } from '../../../src/ports/containerd-store.ts';
import type { FaultCode } from '../../../src/ports/fault.ts';
import { snapledgerDone, snapledgerRun } from '../../cli/process.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import {
  contentOf,
  databasePath,
  databases,
  makeContainerdRoot,
  merged,
  metaOf,
  readMeta,
  readMetadata,
  withoutPages,
} from '../../support/containerd-root.ts';
import { startDaemon } from '../../support/daemon.ts';
import { eventsOf, onDisk, stateOfRoot, verified } from '../../support/inspect-store.ts';
import { createLoop } from '../../support/loop.ts';
import {
  requireCommand,
  requireFileSystem,
  requireRoot,
  suiteNeeding,
  testUnless,
} from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';
import { commands, unchanged } from './commands.ts';

const test = suiteNeeding<{ sandbox: Sandbox; root: string }>('takeover', requireRoot(), requireCommand('setpriv'));
test.before.each(async (context) => {
  context.sandbox = createSandbox('takeover');
  context.root = await makeContainerdRoot(context.sandbox.folder('containerd'));
});
test.after.each(({ sandbox }) => sandbox.close());

const serve = (sandbox: Sandbox, root: string) =>
  startDaemon({
    command: [process.execPath, daemonFile, 'serve', '--root', root, '--address', join(sandbox.path, 's.sock')],
    address: join(sandbox.path, 's.sock'),
    log: join(sandbox.path, 'log'),
    sandbox,
  });
/** The snapshots of a state as containerd records them. */
async function contentIn(root: string): Promise<MetadataContent> {
  const { index, usage, storeInfo } = await stateOfRoot(root);
  const snapshots = [...index.values()].map(({ parentId: _, ...snapshot }) => ({
    ...snapshot,
    usage: usage.get(snapshot.id) ?? null,
  }));
  return { lastId: storeInfo.lastId, snapshots };
}

test('takeover: the log begins with it, and shows what containerd recorded', async ({ root, sandbox }) => {
  const database = readFileSync(join(root, 'metadata.db'));
  const report = JSON.parse(await snapledgerDone('takeover', '--root', root, '--json'));
  assert.equal(
    [report.done, report.committed, report.actives, report.views, report.bytes, report.lastId, report.odd],
    ['taken over', 3, 1, 1, '24576', '8', []],
  );
  assert.equal(await contentIn(root), contentOf(3));
  assert.equal(await eventsOf(root), ['StoreCreated', 'StoreTakenOver', ...Array(5).fill('SnapshotTakenOver')]);
  assert.equal(readFileSync(join(root, 'metadata.db/containerd.db')), database);
  assert.equal(await readMeta(root), withoutPages(metaOf(contentOf(3), 'snapledger')));
  await (await serve(sandbox, root)).stop();
  assert.equal(await contentIn(root), contentOf(3));
  assert.equal((await verified(root)).status, 0);
  assert.match(
    await snapledgerDone('why', 'default/4/active', '--root', root),
    "taken over from containerd's own snapshotter",
  );
});

test('takeover and giveback: a dry run changes nothing', async ({ root }) => {
  assert.match(await unchanged(root, () => snapledgerDone('takeover', '--root', root, '--dry-run')), '3 committed');
  await commands.takeover(root);
  const plan = await unchanged(root, () => commands.giveback(root, { dryRun: true }));
  assert.equal([plan.done, plan.committed], ['planned', 3]);
});

test("takeover: names CRI's runtimes that have overlayfs as a snapshotter of their own", async ({ root, sandbox }) => {
  const main = join(sandbox.path, 'config.toml');
  const runtime = `[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.`;
  writeFileSync(
    main,
    `version = 3\n${runtime}kata]\nsnapshotter = "overlayfs"\n${runtime}runc]\nsnapshotter = "snapledger"\n`,
  );
  const text = await snapledgerDone('takeover', '--root', root, '--dry-run', '--main', main);
  assert.match(text, `${main}: CRI's runtime kata has the snapshotter overlayfs`);
  assert.not.match(text, 'runtime runc');
});

test('takeover and giveback: copy no layer', async ({ sandbox }) => {
  const loop = createLoop('ext4', { megabytes: 512 });
  sandbox.atEnd(loop.end);
  const root = await makeContainerdRoot(join(loop.path, 'containerd'));
  await run('dd', ['if=/dev/zero', `of=${root}/snapshots/1/fs/large`, 'bs=1M', 'count=128', 'conv=fsync']);
  const written = async () => {
    await run('sync', ['--file-system', root]);
    const fields = readFileSync(join('/sys/class/block', basename(loop.device), 'stat'), 'utf8')
      .trim()
      .split(/\s+/);
    return (Number(fields[6]) * 512) >> 20;
  };
  for (const [name, command] of Object.entries(commands)) {
    const before = await written();
    await command(root);
    const mebibytes = (await written()) - before;
    assert.ok(mebibytes < 64, `${name} wrote ${mebibytes} MiB beside a layer of 128 MiB`);
  }
});

test('takeover: what does not fit is reported, and goes the way of the reconciler', async ({ root, sandbox }) => {
  for (const name of ['new-123', 'rm-456', '9', 'notes'])
    mkdirSync(join(root, 'snapshots', name, 'fs'), { recursive: true });
  writeFileSync(join(root, 'snapshots/9/fs/file'), 'content');
  rmSync(join(root, 'snapshots/4'), { recursive: true });
  writeFileSync(join(root, 'letter'), '');
  const { odd } = await commands.takeover(root);
  const paths = odd.map(({ path }) => path).sort();
  assert.equal(paths, [
    'letter',
    'snapshots/4/fs',
    'snapshots/9',
    'snapshots/new-123',
    'snapshots/notes',
    'snapshots/rm-456',
  ]);
  await (await serve(sandbox, root)).stop();
  assert.equal(onDisk(root).snapshots, ['1', '2', '3', '5']);
  assert.is(onDisk(root).quarantine.length, 4);
  assert.not((await stateOfRoot(root)).index.has('default/4/active'));
});

test('takeover: a second one finds nothing to do, whether a daemon serves or not', async ({ root, sandbox }) => {
  await commands.takeover(root);
  assert.match(await unchanged(root, () => snapledgerDone('takeover', '--root', root)), 'holds store');
  const daemon = await serve(sandbox, root);
  assert.is((await commands.takeover(root)).done, 'already');
  await daemon.stop();
});

test('giveback: containerd gets back what it had, and a takeover of that is equal', async ({ root, sandbox }) => {
  const [before, meta] = [await readMetadata(root), await readMeta(root)];
  await commands.takeover(root);
  await (await serve(sandbox, root)).stop();
  assert.match(await snapledgerDone('giveback', '--root', root), 'kept in ');
  assert.equal(await readMetadata(root), before);
  assert.equal(await readMeta(root), meta);
  assert.equal(readdirSync(root).sort(), ['given-back', 'metadata.db', 'snapshots']);
  assert.ok(existsSync(join(root, 'given-back/metadata.db/containerd.db')));
  assert.ok((await eventsOf(join(root, 'given-back'))).includes('StoreTakenOver'));
  await commands.takeover(root);
  assert.equal(await contentIn(root), contentOf(3));
  await commands.giveback(root);
  assert.is((await unchanged(root, () => commands.giveback(root))).done, 'already');
  assert.ok(existsSync(join(root, 'given-back.2/log')));
});

test('giveback: is refused while a daemon serves, and after it was killed', async ({ root, sandbox }) => {
  await commands.takeover(root);
  const daemon = await serve(sandbox, root);
  assert.is((await caughtFault(commands.giveback(root))).code, 'busy');
  await daemon.kill();
  const killed = await unchanged(root, () => snapledgerRun('giveback', '--root', root));
  assert.is(killed.status, 2, killed.stderr);
  assert.match(killed.stderr, 'snapledger reconcile --root');
  await snapledgerDone('reconcile', '--root', root);
  await commands.giveback(root);
});

testUnless(
  test,
  requireFileSystem('btrfs') ?? requireCommand('mkfs.btrfs'),
  'giveback: is refused for a store of the driver btrfs, and changes nothing',
  async ({ sandbox }) => {
    const loop = createLoop('btrfs');
    sandbox.atEnd(loop.end);
    const root = join(loop.path, 'store');
    await snapledgerDone('init', '--root', root, '--driver', 'btrfs');
    const { code, message, hint } = await unchanged(root, () => caughtFault(commands.giveback(root)));
    assert.is(code, 'unsupported');
    assert.match(message, /was made with the driver btrfs/);
    assert.match(hint, '--driver overlay');
  },
);

const databaseOf = (root: string) => join(root, 'metadata.db');

/** Inverts a bit of a file. */
function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(path, bytes);
}

/** What keeps a takeover from being made: the change of the node, and the fault. */
const refusals: Readonly<Record<string, readonly [(root: string) => void | Promise<void>, FaultCode, RegExp]>> = {
  'no database': [(root) => rmSync(databaseOf(root)), 'missing', /holds no metadata\.db/],
  'no database of containerd itself': [(root) => rmSync(databasePath(root)), 'missing', /meta\.db: does not exist/],
  'a damaged database': [(root) => writeFileSync(databaseOf(root), 'x'.repeat(8192)), 'corrupt', /metadata\.db: /],
  'a database that is cut off': [(root) => truncateSync(databaseOf(root), 5 * 4096), 'corrupt', /cut off: 20480 bytes/],
  'a flipped bit in a meta page': [(root) => flip(databaseOf(root), 40), 'corrupt', /page 0 is damaged/],
  'a parent that does not exist': [
    async (root) => {
      const { lastId, snapshots } = contentOf(3);
      const rest = snapshots.filter(({ id }) => id !== 2);
      await databases.writeBuckets(databaseOf(root), snapshotBuckets({ lastId, snapshots: rest }));
    },
    'corrupt',
    /snapshot "default\/3\/sha256:0+3": its parent "default\/2\/sha256:0+2" does not exist/,
  ],
  'a store of snapledger beside it': [
    (root) => mkdirSync(join(root, 'log')),
    'misuse',
    /holds a store of snapledger, and metadata\.db/,
  ],
  'the layout of btrfs': [
    (root) => renameSync(join(root, 'snapshots'), join(root, 'active')),
    'unsupported',
    /is not laid out/,
  ],
  'no layers, as of native or without their disk': [
    (root) => {
      for (const id of [1, 2, 3, 4]) rmSync(join(root, `snapshots/${id}/fs`), { recursive: true });
    },
    'unsupported',
    /none of its 4 snapshots has a directory snapshots\/ID\/fs/,
  ],
  'snapshots of both names': [
    async (root) => {
      const meta = metaOf(contentOf(3), 'overlayfs');
      const more = metaOf(contentOf(1), 'snapledger');
      await databases.writeBuckets(databasePath(root), merged(meta, more));
    },
    'misuse',
    /namespace default: containerd has snapshots of snapledger, and others of overlayfs/,
  ],
  'snapshots of the other name in another namespace': [
    async (root) => {
      const [version] = metaOf(contentOf(3), 'overlayfs').entries;
      const [other] = metaOf(contentOf(1), 'snapledger').entries;
      if (!version || !other || Buffer.isBuffer(version.value) || Buffer.isBuffer(other.value))
        throw new Error('no v1');
      const moved = other.value.entries.map((entry) => ({ ...entry, key: Buffer.from(`other-${entry.key}`) }));
      const value = { ...version.value, entries: [...version.value.entries, ...moved] };
      await databases.writeBuckets(databasePath(root), { sequence: 0n, entries: [{ ...version, value }] });
    },
    'misuse',
    /namespace other-default: containerd has snapshots of snapledger, and others of overlayfs/,
  ],
  'the database of another containerd': [
    async (root) => {
      const renamed = contentOf(3).snapshots.map((one) => ({ ...one, key: `moby/${one.key}` }));
      await databases.writeBuckets(databasePath(root), metaOf({ snapshots: renamed }, 'overlayfs'));
    },
    'misuse',
    /has none of the 5 snapshots that containerd's own database records/,
  ],
};

for (const [name, [change, expected, text]] of Object.entries(refusals))
  test(`takeover: is refused with ${name}, and changes nothing`, async ({ root }) => {
    await change(root);
    const { code, message, hint } = await unchanged(root, () => caughtFault(commands.takeover(root)));
    assert.is(code, expected, message);
    assert.match(message, text);
    assert.ok(hint.length > 0);
  });

for (const held of ['metadata.db', 'meta.db'])
  test(`takeover: is refused while ${held} is locked`, async ({ root }) => {
    const lock = await createSystem().lock(held === 'meta.db' ? databasePath(root) : join(root, held));
    const { code, message } = await unchanged(root, () => caughtFault(commands.takeover(root)));
    await lock?.release();
    assert.is(code, 'busy');
    assert.match(message, `${held}: locked by another process`);
  });

test('takeover: is refused to a user', async ({ root, sandbox }) => {
  for (const path of [sandbox.path, join(root, '..'), root]) chmodSync(path, 0o755);
  const user = ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, daemonFile];
  const command = () => run('setpriv', [...user, 'takeover', '--root', root], { anyStatus: true });
  const { status, stderr } = await unchanged(root, command);
  assert.is(status, 2, stderr);
  assert.match(stderr, 'run it as root');
});

test('takeover: is refused if snapshots/ is on another device', async ({ root, sandbox }) => {
  const loop = createLoop('ext4');
  sandbox.atEnd(loop.end);
  await run('mount', ['--bind', loop.path, join(root, 'snapshots')]);
  const { code, message } = await unchanged(root, () => caughtFault(commands.takeover(root)));
  await run('umount', [join(root, 'snapshots')]);
  assert.is(code, 'unsupported');
  assert.match(message, 'is on another device');
});

test('takeover: is refused without room for the log, and changes nothing', async ({ sandbox }) => {
  const loop = createLoop('ext4', { megabytes: 32 });
  sandbox.atEnd(loop.end);
  const root = await makeContainerdRoot(join(loop.path, 'containerd'));
  await run('sh', [
    '-c',
    `dd if=/dev/zero of=${loop.path}/filler bs=1M 2>/dev/null || true; truncate -s -8M ${loop.path}/filler`,
  ]);
  const { code, message } = await unchanged(root, () => caughtFault(commands.takeover(root)));
  assert.is(code, 'no-space');
  assert.match(message, 'bytes are free, and the log needs');
});

test('serve: refuses a root of containerd, and names the takeover', async ({ root }) => {
  const { code, hint } = await unchanged(root, () => caughtFault((async () => prepareRoot(root))()));
  assert.is(code, 'misuse');
  assert.match(hint, `snapledger takeover --root ${root}`);
});

test('takeover and giveback: a containerd that waits for its database meanwhile can not go on with the old one', async ({
  root,
}) => {
  for (const [command, change] of Object.entries(commands)) {
    const before = readFileSync(databasePath(root));
    const waiting = openSync(databasePath(root), 'r');
    await change(root);
    assert.throws(() => readBolt(readFileSync(waiting)), /no bbolt database/);
    closeSync(waiting);
    const name = command === 'takeover' ? 'snapledger' : 'overlayfs';
    assert.equal(readFileSync(`${databasePath(root)}.before-${name}`), before);
  }
});

test('takeover: finds containerd above a root that is a link', async ({ root, sandbox }) => {
  const elsewhere = join(sandbox.folder('disk'), 'overlayfs');
  renameSync(root, elsewhere);
  symlinkSync(elsewhere, root);
  await snapledgerDone('takeover', '--root', root);
  assert.equal(await contentIn(elsewhere), contentOf(3));
});

test.run();
