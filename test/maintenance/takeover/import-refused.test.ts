import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { failpointsVariable } from '../../../src/adapters/system/failpoints.ts';
import { createSystem } from '../../../src/adapters/system/system.ts';
import { steps } from '../../../src/ports/failpoints.ts';
import type { FaultCode } from '../../../src/ports/fault.ts';
import { snapledgerRun } from '../../cli/process.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import {
  contentOf,
  databasePath,
  databases,
  metaOf,
  readMeta,
  readMetadata,
  withoutPages,
} from '../../support/containerd-root.ts';
import { makeSource, type SourceKind } from '../../support/containerd-source.ts';
import { createLoop } from '../../support/loop.ts';
import { suiteNeeding } from '../../support/requirements.ts';
import { run } from '../../support/run.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';
import { createLoops, expectSame, type Imported, importNeeds, type Loops, type Options, take } from './imported.ts';

const test = suiteNeeding<{ sandbox: Sandbox }>('refused and killed imports from containerd', ...importNeeds);
let loops: Loops;
test.before(() => {
  loops = createLoops();
});
test.after(() => loops.end());
test.before.each((context) => {
  context.sandbox = createSandbox('import-containerd');
});
test.after.each(({ sandbox }) => sandbox.close());

const small = ['echo 1 > one', 'echo 2 > two', 'rm one', 'echo 4 > four'];

const kinds = { native: 'ext4', btrfs: 'btrfs' } as const;
for (const kind of ['native', 'btrfs'] as const)
  for (const step of steps.filter(
    (name) => name.startsWith('import.') && (kind === 'native' || name !== 'import.placed'),
  ))
    test(`import: a kill at ${step} leaves ${kind} as it is, nothing serves the new root, and a second try succeeds`, async ({
      sandbox,
    }) => {
      const { containerd, root } = loops.place(kinds[kind]);
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

test('import: a failure leaves the new root empty, and containerd its store', async () => {
  const { containerd, root } = loops.place('ext4');
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
      await run('mount', ['-o', `subvolid=${subvolume}`, loops.btrfs.device, sandbox.folder('rootfs')]);
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
  'the root of another containerd': [
    'native',
    async ({ source }) => {
      const [one] = contentOf(1).snapshots;
      const other = { snapshots: one === undefined ? [] : [{ ...one, key: 'default/9/other' }] };
      await databases.writeBuckets(databasePath(source), metaOf(other, 'native'));
    },
    {},
    'misuse',
    /has none of the 1 snapshots/,
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
  test(`import: is refused with ${name}, and changes nothing`, async ({ sandbox }) => {
    const { containerd, root } = loops.place(kinds[kind]);
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

test('import: is refused on another file system than that of btrfs, or within the source', async () => {
  const { containerd } = loops.place('btrfs');
  const source = await makeSource(containerd, 'btrfs', small);
  for (const [root, expected, says] of [
    [loops.place('ext4').root, 'unsupported', 'is not on the btrfs file system of'],
    [join(source, 'inside'), 'misuse', 'overlaps with'],
  ] as const) {
    const { code, message } = await caughtFault(take(source, root));
    assert.is(code, expected, message);
    assert.match(message, says);
    assert.not(existsSync(root));
  }
});

test('import: is refused without room', async ({ sandbox }) => {
  const source = await makeSource(loops.place('ext4').containerd, 'native', small);
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

test('import: is refused while a database is locked, as by a running containerd', async () => {
  const { containerd, root } = loops.place('ext4');
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
