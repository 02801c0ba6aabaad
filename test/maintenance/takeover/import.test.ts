import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { failpointsVariable } from '../../../src/adapters/system/failpoints.ts';
import { createSystem } from '../../../src/adapters/system/system.ts';
import { cliDeps } from '../../../src/compose/cli-deps.ts';
import { createDriver } from '../../../src/compose/drivers.ts';
import { noFailpoints, steps } from '../../../src/ports/failpoints.ts';
import type { FaultCode } from '../../../src/ports/fault.ts';
import type { Volume } from '../../../src/ports/volume-driver.ts';
import { snapledgerRun } from '../../cli/process.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import {
  contentOf,
  databasePath,
  metaOf,
  readMeta,
  readMetadata,
  withoutPages,
} from '../../support/containerd-root.ts';
import { makeSource, type SourceKind, sourceTree } from '../../support/containerd-source.ts';
import { startDaemon } from '../../support/daemon.ts';
import { insideMount } from '../../support/inside-mount.ts';
import { eventsOf, onDisk, stateOfRoot, verified } from '../../support/inspect-store.ts';
import { createLoop, type Loop } from '../../support/loop.ts';
import { requireCommand, requireFileSystem, requireRoot, suiteNeeding } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';
import { accessList, listing, treeScripts } from '../../support/tree-script.ts';

/** A root of containerd's and the new one. */
interface Imported {
  readonly source: string;
  readonly root: string;
  readonly sandbox: Sandbox;
}

interface Context {
  sandbox: Sandbox;
  /** of containerd, and of the new store */
  place(loop: Loop): { readonly containerd: string; readonly root: string };
}

const needs = [
  requireRoot(),
  ...(['overlay', 'ext4', 'btrfs'] as const).map(requireFileSystem),
  ...['mkfs.btrfs', 'btrfs', 'getfattr', 'bash'].map(requireCommand),
];
const test = suiteNeeding<Context>('import from containerd', ...needs);
const loops = new Map<'ext4' | 'btrfs', Loop>();
let places = 0;

test.before(() => {
  loops.set('ext4', createLoop('ext4', { megabytes: 512 }));
  loops.set('btrfs', createLoop('btrfs', { megabytes: 512 }));
});
test.after(() => {
  for (const loop of loops.values()) loop.end();
});
test.before.each((context) => {
  context.sandbox = createSandbox('import-containerd');
  context.place = (loop) => {
    const folder = join(loop.path, String(places++));
    mkdirSync(folder);
    return { containerd: join(folder, 'containerd'), root: join(folder, 'root') };
  };
});
test.after.each(({ sandbox }) => sandbox.close());

const loopOf = (type: 'ext4' | 'btrfs') => loops.get(type) as Loop;

type Way = readonly [kind: SourceKind, driver: 'overlay' | 'btrfs', on: 'ext4' | 'btrfs'];
const ways: readonly Way[] = [
  ['btrfs', 'btrfs', 'btrfs'],
  ['native', 'overlay', 'ext4'],
  ['native', 'btrfs', 'btrfs'],
];

const done = async (...args: readonly string[]) => {
  const { status, stdout, stderr } = await snapledgerRun(...args);
  assert.is(status, 0, stdout + stderr);
  return stdout;
};

interface Options {
  readonly driver?: string;
  readonly snapshotter?: string;
}

/** What the command does. */
const take = (source: string, root: string, { driver, snapshotter = source.split('.').at(-1) ?? '' }: Options = {}) =>
  cliDeps.importContainerd(root, { containerdRoot: dirname(source), from: source, driver, snapshotter, dryRun: false });

const list = async (directory: string) => {
  const { stdout } = await run('bash', ['-o', 'pipefail', '-ec', `cd "$0"; ${listing}`, directory], {
    encoding: 'latin1',
  });
  return stdout;
};

const volumes: readonly Volume[] = [1, 2, 3].map((top) => {
  const parents = Array.from({ length: top }, (_, at) => top - at);
  return { id: 100 + top, kind: 'view', parents, labels: {} };
});

/** What views of the layers and the mount of the active show. */
async function shown(root: string, driver: 'overlay' | 'btrfs', sandbox: Sandbox): Promise<readonly string[]> {
  const opened = await createDriver({ driver, root, overlay: {} }, { system: createSystem(), failpoint: noFailpoints });
  const [script, out] = [join(sandbox.path, 'listing'), join(sandbox.path, 'shown')];
  writeFileSync(script, listing);
  const all: string[] = [];
  try {
    for (const volume of [...volumes, { id: 4, kind: 'active', parents: [3, 2, 1], labels: {} } as const]) {
      if (volume.kind === 'view') await opened.create(volume);
      const [mount] = await opened.mounts(volume);
      if (mount === undefined) throw new Error('no mount');
      await insideMount(mount, `bash -o pipefail -e ${script} > ${out}`);
      if (volume.kind === 'view') await opened.purge(volume.id);
      all.push(readFileSync(out, 'latin1'));
    }
  } finally {
    await opened.close();
  }
  return all;
}

/** Times of directories: native's copies have others, so that they do not count as a difference. */
const withoutTimes = (text: string) => text.replace(/^([^\t\n]*\td \S+ \S+) \S+/gm, '$1');

async function expectSame(
  [kind, driver]: Way,
  { source, root, sandbox }: Imported,
  masked = (text: string) => text,
): Promise<number> {
  const found = await shown(root, driver, sandbox);
  let lines = 0;
  for (const [at, text] of found.entries()) {
    const expected = masked(await list(join(source, sourceTree(kind, at + 1)))).split('\n');
    lines += expected.length;
    const now = masked(text).split('\n');
    assert.equal(
      [
        ...expected.filter((line) => !now.includes(line)).map((line) => `${at + 1} - ${line}`),
        ...now.filter((line) => !expected.includes(line)).map((line) => `${at + 1} + ${line}`),
      ],
      [],
    );
  }
  return lines;
}

const acl = `0x${Buffer.from(accessList(1000), 'latin1').toString('hex')}`;

/** What is hard to compare or to copy: the same size and time with other content, other names of one file, other types. */
const scripts: readonly string[] = [
  `mkdir -p a/b gone kept full types; echo one > a/file; echo same1 > a/same; touch -d @1000 a/same; echo linked > a/first; ln a/first a/second
   echo c1 > a/copy1; ln a/copy1 a/copy2; echo old > full/old; echo in > gone/in; ln -s target a/link; mkfifo a/fifo; ln a/fifo a/fifo2; mknod a/null c 1 3
   echo suid > a/suid; chown 1000:50 a/suid; chmod 6755 a/suid; setfattr -n user.one -v 1 a/file; setfattr -n trusted.two -v 2 kept
   setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 a/suid; setfattr -n system.posix_acl_default -v ${acl} kept
   echo head > a/sparse; truncate -s 30M a/sparse; echo tail >> a/sparse; echo x > $'a/\\xff\\n name'; echo f > types/file; mkdir types/directory; echo in > types/directory/in
   chmod 1777 kept; chmod 755 .; echo t > types/link; touch -d @5.000000007 a/b; head -c 200000 /dev/urandom > large`,
  `echo same2 > a/same; touch -d @1000 a/same; rm a/first; rm -r gone; rm -r full; mkdir full; echo new > full/new; ln -sfn other a/link; chmod 700 a/suid
   cp -p a/copy1 a/copy; rm a/copy2; mv a/copy a/copy2; rm types/file; mkdir types/file; echo in > types/file/in; rm -r types/directory; echo f > types/directory
   rm types/link; ln -s directory types/link; setfattr -x user.one a/file; setfattr -x trusted.two kept; chmod 711 .`,
  `mkdir gone; echo again > gone/again; rm -r types; ln a/file a/b/new; rm a/fifo2; echo ours > full/old`,
  `echo written > a/written; rm large; rm a/null; mknod a/null c 1 5`,
];

for (const way of ways) {
  const [kind, driver, on] = way;
  test(`import: ${kind} becomes ${driver} with every entry, and containerd's own database the new name`, async ({
    place,
    sandbox,
  }) => {
    const { containerd, root } = place(loopOf(on));
    const source = await makeSource(containerd, kind, scripts);
    const trees = await Promise.all([1, 2, 3, 4].map((id) => list(join(source, sourceTree(kind, id)))));
    const database = readFileSync(join(source, 'metadata.db'));
    const plan = await done('takeover', '--from', source, '--root', root, '--driver', driver, '--dry-run');
    assert.match(plan, '3 committed');
    assert.not(existsSync(root));
    const report = JSON.parse(await done('takeover', '--from', source, '--root', root, '--driver', driver, '--json'));
    assert.equal(
      [report.done, report.from, report.committed, report.actives, report.views, report.lastId, report.odd],
      ['taken over', source, 3, 1, 1, '8', []],
    );
    assert.ok((await expectSame(way, { source, root, sandbox })) > 100);
    assert.equal(await eventsOf(root), ['StoreCreated', 'StoreTakenOver', ...Array(5).fill('SnapshotTakenOver')]);
    const { index } = await stateOfRoot(root);
    const before = new Map(contentOf(3).snapshots.map((snapshot) => [snapshot.key, snapshot]));
    for (const { usage: _, ...one } of before.values()) {
      const { parentId: _, ...found } = index.get(one.key) ?? { parentId: null };
      assert.equal(found, one);
    }
    assert.equal(await readMeta(source), withoutPages(metaOf(contentOf(3), 'snapledger')));
    assert.equal(readFileSync(join(source, 'metadata.db')), database);
    assert.equal(await Promise.all([1, 2, 3, 4].map((id) => list(join(source, sourceTree(kind, id))))), trees);
    const address = join(sandbox.path, 's.sock');
    const command = [
      process.execPath,
      daemonFile,
      'serve',
      '--root',
      root,
      '--driver',
      driver,
      '--address',
      address,
    ] as const;
    await (await startDaemon({ command, address, log: join(sandbox.path, 'log'), sandbox })).stop();
    assert.equal(onDisk(root).quarantine, []);
    assert.equal((await stateOfRoot(root)).index.size, 5);
    const deep = await snapledgerRun('verify', '--root', root, '--deep');
    assert.is(deep.status, 0, deep.stdout + deep.stderr);
    assert.equal((await verified(root)).status, 0);
    assert.match(await done('takeover', '--from', source, '--root', root), 'already');
  });
}

for (const [kind, driver] of [
  ['btrfs', 'btrfs'],
  ['native', 'btrfs'],
  ['native', 'overlay'],
] as const)
  test(`import: data of ${kind} is shared with ${driver} on btrfs`, async ({ place }) => {
    const loop = loopOf('btrfs');
    const { containerd, root } = place(loop);
    const source = await makeSource(containerd, kind, [
      'head -c 60000000 /dev/urandom > large',
      'echo 2 > two',
      'echo 3 > three',
      '',
    ]);
    const used = async () => {
      await run('btrfs', ['filesystem', 'sync', loop.path]);
      const { blocks, bfree, bsize } = statfsSync(loop.path);
      return (blocks - bfree) * bsize;
    };
    const before = await used();
    await take(source, root, { driver });
    const bytes = (await used()) - before;
    assert.ok(bytes < 30_000_000, `${bytes} bytes`);
  });

test('import: random trees of native become equal', async ({ place, sandbox }) => {
  let lines = 0;
  const property = fc.asyncProperty(treeScripts(4, 40), async (random) => {
    const { containerd, root } = place(loopOf('ext4'));
    const source = await makeSource(containerd, 'native', random);
    await take(source, root);
    lines += await expectSame(['native', 'overlay', 'ext4'], { source, root, sandbox }, withoutTimes);
  });
  await fc.assert(property, { numRuns: 2, endOnFailure: true, includeErrorInReport: true });
  assert.ok(lines > 30, `${lines} lines`);
});

const small = ['echo 1 > one', 'echo 2 > two', 'rm one', 'echo 4 > four'];

const kinds = { native: 'ext4', btrfs: 'btrfs' } as const;
for (const kind of ['native', 'btrfs'] as const)
  for (const step of steps.filter(
    (name) => name.startsWith('import.') && (kind === 'native' || name !== 'import.placed'),
  ))
    test(`import: a kill at ${step} leaves ${kind} as it is, nothing serves the new root, and a second try succeeds`, async ({
      place,
      sandbox,
    }) => {
      const { containerd, root } = place(loopOf(kinds[kind]));
      const source = await makeSource(containerd, kind, small);
      const program = [process.execPath, daemonFile, 'takeover', '--from', source, '--root', root]
        .map((word) => `'${word}'`)
        .join(' ');
      const env = { [failpointsVariable]: `${step}=kill` };
      const { status, stderr } = await run('sh', ['-c', `${program}; exit $?`], { anyStatus: true, env });
      assert.is(status, 137, stderr);
      const name = step === 'import.renamed' ? 'snapledger' : kind;
      assert.equal(await readMeta(source), withoutPages(metaOf(contentOf(3), name)));
      assert.equal(await readMetadata(source), contentOf(3));
      const served = await snapledgerRun('serve', '--root', root, '--address', join(sandbox.path, 's.sock'));
      assert.is(served.status, 3, served.stderr);
      assert.match(served.stderr, 'takeover --from');
      await take(source, root);
      await expectSame([kind, kind === 'btrfs' ? 'btrfs' : 'overlay', kinds[kind]], { source, root, sandbox });
      assert.not(existsSync(join(root, 'importing')));
      assert.equal(await readMeta(source), withoutPages(metaOf(contentOf(3), 'snapledger')));
    });

test('import: a failure leaves the new root empty, and containerd its store', async ({ place }) => {
  const { containerd, root } = place(loopOf('ext4'));
  const source = await makeSource(containerd, 'native', small);
  await run('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', join(source, 'snapshots/4')]);
  await run('mknod', [join(source, 'snapshots/4/whiteout'), 'c', '0', '0']);
  const { code, message } = await caughtFault(take(source, root));
  assert.is(code, 'unsupported', message);
  assert.match(message, /snapshots\/4\/whiteout: a character device 0\/0/);
  assert.equal(readdirSync(root), []);
  assert.equal(await readMeta(source), withoutPages(metaOf(contentOf(3), 'native')));
});

/** What keeps an import from being made: the kind, the change of the node, other options, the fault's code, and its text. */
const refusals: Readonly<
  Record<string, readonly [SourceKind, (node: Imported) => unknown, Options, FaultCode, RegExp]>
> = {
  'a root that is not empty': [
    'native',
    ({ root }) => {
      mkdirSync(root);
      writeFileSync(join(root, 'letter'), '');
    },
    {},
    'misuse',
    /is not empty/,
  ],
  'a mounted active of native': [
    'native',
    async ({ source, sandbox }) => {
      await run('mount', ['--bind', join(source, 'snapshots/4'), sandbox.folder('rootfs')]);
    },
    {},
    'busy',
    /default\/4\/active: is mounted at .*rootfs[\s\S]*end its container first/,
  ],
  'a mounted active of btrfs': [
    'btrfs',
    async ({ source, sandbox }) => {
      const [, subvolume = ''] =
        /Subvolume ID:\s+(\d+)/.exec((await run('btrfs', ['subvolume', 'show', join(source, 'active/4')])).stdout) ??
        [];
      await run('mount', ['-o', `subvolid=${subvolume}`, loopOf('btrfs').device, sandbox.folder('rootfs')]);
    },
    {},
    'busy',
    /default\/4\/active: is mounted at .*rootfs/,
  ],
  'a snapshot without its tree': [
    'native',
    ({ source }) => rmSync(join(source, 'snapshots/2'), { recursive: true }),
    {},
    'corrupt',
    /snapshots\/2 does not exist/,
  ],
  'a subvolume in an active': [
    'btrfs',
    ({ source }) => run('btrfs', ['subvolume', 'create', join(source, 'active/4/inner')]),
    {},
    'unsupported',
    /has the subvolume inner in it/,
  ],
  'another driver for btrfs': ['btrfs', () => {}, { driver: 'overlay' }, 'misuse', /with the driver overlay/],
  'another layout': [
    'btrfs',
    ({ source }) => renameSync(join(source, 'view'), join(source, 'views')),
    {},
    'unsupported',
    /is not laid out as containerd's btrfs/,
  ],
  'no database': [
    'native',
    ({ source }) => rmSync(join(source, 'metadata.db')),
    {},
    'missing',
    /metadata\.db: does not exist/,
  ],
  'no database of containerd itself': [
    'native',
    ({ source }) => rmSync(databasePath(source)),
    {},
    'missing',
    /--containerd-root/,
  ],
  'another snapshotter': [
    'native',
    () => {},
    { snapshotter: 'zfs' },
    'misuse',
    /of the snapshotter zfs can't be copied/,
  ],
};

for (const [name, [kind, change, more, expected, says]] of Object.entries(refusals))
  test(`import: is refused with ${name}, and changes nothing`, async ({ place, sandbox }) => {
    const { containerd, root } = place(loopOf(kind === 'btrfs' ? 'btrfs' : 'ext4'));
    const source = await makeSource(containerd, kind, small);
    await change({ source, root, sandbox });
    const rootBefore = existsSync(root) ? readdirSync(root) : [];
    const meta = existsSync(databasePath(source)) ? readFileSync(databasePath(source)) : undefined;
    const { code, message, hint } = await caughtFault(take(source, root, more));
    assert.is(code, expected, message);
    assert.match(`${message}\n${hint}`, says);
    assert.equal(existsSync(root) ? readdirSync(root) : [], rootBefore);
    if (meta !== undefined) assert.equal(readFileSync(databasePath(source)), meta);
  });

test('import: is refused on another file system than that of btrfs, or within the source', async ({ place }) => {
  const { containerd } = place(loopOf('btrfs'));
  const source = await makeSource(containerd, 'btrfs', small);
  for (const [root, expected, says] of [
    [place(loopOf('ext4')).root, 'unsupported', 'is not on the btrfs file system of'],
    [join(source, 'inside'), 'misuse', 'overlaps with'],
  ] as const) {
    const { code, message } = await caughtFault(take(source, root));
    assert.is(code, expected, message);
    assert.match(message, says);
    assert.not(existsSync(root));
  }
});

test('import: is refused without room', async ({ sandbox, place }) => {
  const source = await makeSource(place(loopOf('ext4')).containerd, 'native', small);
  const loop = createLoop('ext4', { megabytes: 40 });
  sandbox.atEnd(loop.end);
  await run('sh', [
    '-c',
    `dd if=/dev/zero of=${loop.path}/filler bs=1M 2>/dev/null || true; truncate -s -8M ${loop.path}/filler`,
  ]);
  const { code, message } = await caughtFault(take(source, join(loop.path, 'root')));
  assert.is(code, 'no-space', message);
  assert.match(message, /bytes are free, and the copies need at least/);
});

test('import: is refused while a database is locked, as by a running containerd', async ({ place }) => {
  const { containerd, root } = place(loopOf('ext4'));
  const source = await makeSource(containerd, 'native', small);
  for (const held of [join(source, 'metadata.db'), databasePath(source)]) {
    const lock = await createSystem().lock(held);
    const { status, stderr } = await snapledgerRun('takeover', '--from', source, '--root', root);
    await lock?.release();
    assert.is(status, 4, stderr);
    assert.match(stderr, `${held}: locked by another process`);
    assert.not(existsSync(root));
  }
});

test.run();
