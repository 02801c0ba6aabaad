import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { Blame, blame, pathSteps } from '../../../src/app/audit/blame.ts';
import { openLayers } from '../../../src/compose/drivers.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { logAndRethrow } from '../../support/log-and-rethrow.ts';
import { createLoop, type Loop } from '../../support/loop.ts';
import { requireCommand, requireFileSystem, requireRoot, suiteNeeding } from '../../support/requirements.ts';
import { committed, layerLabels, oneOfEach, prepared, viewed } from '../../support/sample-events.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { memoryFiles } from './memory-files.ts';

const A = { name: 'A', id: 1 };
const B = { name: 'B', id: 2 };

/** Two layers, an active on them and a view of the upper one. */
const facts = (driver: string): readonly Event[] => [
  { type: 'StoreCreated', data: { ...(oneOfEach[0]?.data as { store: string; version: string }), driver } },
  prepared(1, 'a', null, layerLabels('a', 'd')),
  committed(1, 'a', 'A'),
  prepared(2, 'b', A),
  committed(2, 'b', 'B', A),
  prepared(3, 'c', B),
  viewed(4, 'v', B),
];

const blamed = async (root: string, driver: string, key: string, path: string) => {
  const layers = async (name: string) => openLayers(root, name);
  const source = { files: await memoryFiles(facts(driver)), layers };
  const { shows, layer, how, before, position } = await blame(source, { key, path });
  return `${shows}: ${layer.key} ${how}${before === null ? '' : `, was in ${before.key}`}, position ${position}`;
};

const overlay = suiteNeeding<{ sandbox: Sandbox; root: string }>(
  'blame on overlay',
  requireRoot(),
  requireCommand('getfattr'),
);
overlay.before.each((context) => {
  context.sandbox = createSandbox('blame');
  context.root = context.sandbox.path;
  const at = (id: number, path: string) => join(context.root, `snapshots/${id}/fs`, path);
  for (const id of [1, 2, 3]) mkdirSync(at(id, 'etc'), { recursive: true });
  writeFileSync(at(1, 'etc/passwd'), 'root');
  writeFileSync(at(1, 'etc/hosts'), 'localhost');
  mkdirSync(at(1, 'opt/old'), { recursive: true });
  writeFileSync(at(1, 'opt/old/file'), 'x');
  writeFileSync(at(2, 'etc/passwd'), 'root, me');
  mkdirSync(at(2, 'opt'));
  execFileSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', at(2, 'opt')]);
  writeFileSync(at(2, 'opt/new'), 'y');
  symlinkSync('/', at(2, 'climb'));
  execFileSync('mknod', [at(3, 'etc/hosts'), 'c', '0', '0']);
});
overlay.after.each(({ sandbox }) => sandbox.close());

overlay('names the layer that added or changed a file', async ({ root }) => {
  assert.is(await blamed(root, 'overlay', 'c', '/etc/passwd'), 'file: B added this file, 8 bytes, position 5');
  assert.is(await blamed(root, 'overlay', 'A', 'etc/./passwd'), 'file: A added this file, 4 bytes, position 3');
  assert.is(await blamed(root, 'overlay', 'v', '/etc/hosts'), 'file: A added this file, 9 bytes, position 3');
  assert.is(await blamed(root, 'overlay', 'B', '/opt/new'), 'file: B added this file, 1 bytes, position 5');
});

overlay('names the layer that deleted it, by a whiteout or an opaque directory', async ({ root }) => {
  assert.is(
    await blamed(root, 'overlay', 'c', '/etc/hosts'),
    'nothing: c deleted it by the whiteout /etc/hosts, was in A, position 6',
  );
  assert.is(
    await blamed(root, 'overlay', 'c', '/opt/old/file'),
    'nothing: B deleted it by the opaque directory /opt, was in A, position 5',
  );
});

overlay('follows no link out of a snapshot', async ({ root }) => {
  for (const path of ['../../1/fs/etc/passwd', '/etc/../..', '', 'a\0b'])
    assert.is((await caughtFault(blamed(root, 'overlay', 'c', path))).code, 'misuse');
  const link = await caughtFault(blamed(root, 'overlay', 'c', '/climb/etc/passwd'));
  assert.equal(
    [link.code, link.message],
    ['misuse', '/climb: is a symbolic link to / in layer 2, which is not followed'],
  );
  const through = await caughtFault(blamed(root, 'overlay', 'c', '/etc/passwd/x'));
  assert.match(through.message, '/etc/passwd: is a file in layer 2');
});

overlay('lets the nearest layer decide, whatever a lower one has at a path', async ({ root }) => {
  const at = (id: number, path: string) => join(root, `snapshots/${id}/fs`, path);
  symlinkSync('/srv', at(1, 'link'));
  writeFileSync(at(1, 'plain'), 'x');
  mkdirSync(at(1, 'tree'));
  writeFileSync(at(1, 'tree/file'), 'x');
  for (const name of ['link', 'plain']) {
    mkdirSync(at(2, name));
    writeFileSync(at(2, `${name}/file`), 'new');
  }
  writeFileSync(at(2, 'tree'), 'no directory any more');
  for (const name of ['link', 'plain'])
    assert.is(await blamed(root, 'overlay', 'c', `/${name}/file`), 'file: B added this file, 3 bytes, position 5');
  assert.is(
    await blamed(root, 'overlay', 'c', '/tree/file'),
    'nothing: B deleted it by the file /tree, was in A, position 5',
  );
  for (const name of ['link', 'plain'])
    assert.is((await caughtFault(blamed(root, 'overlay', 'c', `/${name}/other`))).code, 'missing');
  // A directory that a nearer layer created in place of the link.
  rmSync(at(2, 'tree'));
  symlinkSync('/srv', at(2, 'tree'));
  mkdirSync(at(3, 'tree'));
  assert.is(
    await blamed(root, 'overlay', 'c', '/tree/file'),
    'nothing: B deleted it by the symbolic link /tree, was in A, position 5',
  );
  assert.is((await caughtFault(blamed(root, 'overlay', 'B', '/tree/file'))).code, 'misuse');
});

overlay('follows a directory renamed by a kernel redirect, and distinguishes metadata from data', async ({ root }) => {
  const at = (id: number, path = '') => join(root, `snapshots/${id}/fs`, path);
  mkdirSync(at(1, 'a/b/c'), { recursive: true });
  writeFileSync(at(1, 'a/b/c/file'), 'x');
  mkdirSync(join(root, 'work'));
  mkdirSync(join(root, 'merged'));
  for (const [id, below] of [
    [2, at(1)],
    [3, `${at(2)}:${at(1)}`],
  ] as const) {
    const options = `redirect_dir=on,metacopy=on,index=off,upperdir=${at(id)},workdir=${root}/work,lowerdir=${below}`;
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', options, join(root, 'merged')]);
    const inside = (path: string) => join(root, 'merged', path);
    if (id === 2) renameSync(inside('a/b'), inside('a/renamed'));
    else {
      renameSync(inside('a/renamed/c'), inside('moved'));
      chmodSync(inside('etc/hosts.allow'), 0o600);
    }
    if (id === 2) writeFileSync(inside('etc/hosts.allow'), 'all');
    assert.is(readFileSync(inside(id === 2 ? 'a/renamed/c/file' : 'moved/file'), 'utf8'), 'x');
    execFileSync('umount', [join(root, 'merged')]);
  }
  const brought = 'file: A added this file, 1 bytes, position 3';
  assert.is(await blamed(root, 'overlay', 'B', '/a/renamed/c/file'), brought);
  assert.is(await blamed(root, 'overlay', 'c', '/moved/file'), brought);
  assert.is(
    await blamed(root, 'overlay', 'c', '/a/renamed/c/file'),
    'nothing: c deleted it by the whiteout /a/renamed/c, was in A, position 6',
  );
  assert.is(
    await blamed(root, 'overlay', 'c', '/etc/hosts.allow'),
    'file: c changed the metadata of this file, 3 bytes, whose data is in a layer below (metacopy), position 6',
  );
});

overlay('says that no layer has it, or that a layer is not on disk', async ({ root }) => {
  assert.is(
    (await caughtFault(blamed(root, 'overlay', 'c', '/nowhere'))).message,
    '/nowhere: no layer of c has it or ever deleted it',
  );
  assert.is((await caughtFault(blamed(root, 'overlay', 'nobody', '/etc'))).code, 'missing');
  rmSync(join(root, 'snapshots/1'), { recursive: true });
  assert.match(
    (await caughtFault(blamed(root, 'overlay', 'c', '/etc/passwd'))).message,
    'snapshots/1/fs: is not on disk',
  );
});

overlay('is plain JSON with --json', async ({ root }) => {
  const layers = async (name: string) => openLayers(root, name);
  const row = Blame.encode(
    await blame({ files: await memoryFiles(facts('overlay')), layers }, { key: 'c', path: '/etc/hosts' }),
  );
  assert.equal(row, {
    path: '/etc/hosts',
    shows: 'nothing',
    how: 'deleted it by the whiteout /etc/hosts',
    layer: { id: '3', key: 'c', kind: 'active', diffId: null },
    before: { id: '1', key: 'A', kind: 'committed', diffId: `sha256:${'d'.repeat(64)}` },
    time: '6000000000',
    position: '6',
    actor: { actor: 'test' },
  });
  assert.equal(pathSteps('/'), []);
});

overlay('has no files with the memory driver', async () => {
  assert.is((await caughtFault(blamed('/', 'memory', 'c', '/etc'))).code, 'unsupported');
});
overlay.run();

const btrfs = suiteNeeding<{ loop: Loop }>('blame on btrfs', requireFileSystem('btrfs'), requireCommand('btrfs'));
btrfs.before((context) =>
  logAndRethrow(() => {
    context.loop = createLoop('btrfs');
    const at = (path: string) => join(context.loop.path, 'snapshots', path);
    const call = (...args: string[]) => execFileSync('btrfs', ['-q', 'subvolume', ...args]);
    for (const id of [1, 2, 3]) mkdirSync(at(String(id)), { recursive: true });
    call('create', at('1/layer'));
    mkdirSync(at('1/layer/etc'));
    writeFileSync(at('1/layer/etc/passwd'), 'root');
    writeFileSync(at('1/layer/etc/hosts'), 'localhost');
    call('snapshot', at('1/layer'), at('2/layer'));
    writeFileSync(at('2/layer/etc/passwd'), 'me');
    call('snapshot', at('2/layer'), at('3/fs'));
    rmSync(at('3/fs/etc/hosts'));
    symlinkSync('etc', at('1/layer/place'));
    for (const layer of ['2/layer', '3/fs']) {
      rmSync(at(`${layer}/place`), { force: true });
      mkdirSync(at(`${layer}/place`));
      writeFileSync(at(`${layer}/place/file`), layer);
    }
    rmSync(at('3/fs/place'), { recursive: true });
    writeFileSync(at('3/fs/place'), '');
  }),
);
btrfs.after(({ loop }) => loop.end());

btrfs('names the first layer that has the file as it is', async ({ loop: { path } }) => {
  assert.is(await blamed(path, 'btrfs', 'c', '/etc/passwd'), 'file: B added this file, 2 bytes, position 5');
  assert.is(await blamed(path, 'btrfs', 'B', '/etc/hosts'), 'file: A added this file, 9 bytes, position 3');
});

btrfs('names the layer that deleted it', async ({ loop: { path } }) => {
  assert.is(await blamed(path, 'btrfs', 'c', '/etc/hosts'), 'nothing: c deleted it, was in A, position 6');
  assert.is((await caughtFault(blamed(path, 'btrfs', 'c', '/nowhere'))).code, 'missing');
});
btrfs('lets the nearest layer decide, whatever a lower one has at a path', async ({ loop: { path } }) => {
  assert.is(await blamed(path, 'btrfs', 'B', '/place/file'), 'file: B added this file, 7 bytes, position 5');
  assert.is(await blamed(path, 'btrfs', 'c', '/place/file'), 'nothing: c deleted it, was in B, position 6');
  assert.is((await caughtFault(blamed(path, 'btrfs', 'c', '/place/other'))).code, 'misuse');
  assert.match((await caughtFault(blamed(path, 'btrfs', 'A', '/place/passwd'))).message, 'is a symbolic link to etc');
});
btrfs.run();
