import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { blame, blameRow, pathSteps } from '../../../src/app/audit/blame.ts';
import { openLayers } from '../../../src/open-layers.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { createLoop, type Loop } from '../../support/loop.ts';
import { loudly } from '../../support/loudly.ts';
import { requireCommand, requireFileSystem, requireRoot, suiteNeeding } from '../../support/requirements.ts';
import { committed, oneOfEach, prepared, viewed } from '../../support/sample-events.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { memoryFiles } from './memory-files.ts';

const A = { name: 'A', id: 1 };
const B = { name: 'B', id: 2 };

/** Two layers, an active on them and a view of the upper one. */
const facts = (driver: string): readonly Event[] => [
  { type: 'StoreCreated', data: { ...(oneOfEach[0]?.data as { store: string; version: string }), driver } },
  prepared(1, 'a'),
  committed(1, 'a', 'A'),
  prepared(2, 'b', A),
  committed(2, 'b', 'B', A),
  prepared(3, 'c', B),
  viewed(4, 'v', B),
];

const blamed = async (root: string, driver: string, key: string, path: string) => {
  const layers = async (name: string) => openLayers(root, name);
  const { shows, by, how, before, event } = await blame(await memoryFiles(facts(driver)), layers, { key, path });
  return `${shows}: ${by.key} ${how}${before === null ? '' : `, was of ${before.key}`}, position ${event?.position}`;
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

overlay('names the layer that brought or changed a file', async ({ root }) => {
  assert.is(await blamed(root, 'overlay', 'c', '/etc/passwd'), 'file: B brought this file, 8 bytes, position 5');
  assert.is(await blamed(root, 'overlay', 'A', 'etc/./passwd'), 'file: A brought this file, 4 bytes, position 3');
  assert.is(await blamed(root, 'overlay', 'v', '/etc/hosts'), 'file: A brought this file, 9 bytes, position 3');
  assert.is(await blamed(root, 'overlay', 'B', '/opt/new'), 'file: B brought this file, 1 bytes, position 5');
});

overlay('names the layer that took it away, by a whiteout or an opaque directory', async ({ root }) => {
  assert.is(
    await blamed(root, 'overlay', 'c', '/etc/hosts'),
    'nothing: c took it away by the whiteout /etc/hosts, was of A, position 6',
  );
  assert.is(
    await blamed(root, 'overlay', 'c', '/opt/old/file'),
    'nothing: B took it away by the opaque directory /opt, was of A, position 5',
  );
});

overlay('follows nothing out of a snapshot', async ({ root }) => {
  for (const path of ['../../1/fs/etc/passwd', '/etc/../..', '', 'a\0b'])
    assert.is((await caughtFault(blamed(root, 'overlay', 'c', path))).code, 'misuse');
  const link = await caughtFault(blamed(root, 'overlay', 'c', '/climb/etc/passwd'));
  assert.equal(
    [link.code, link.message],
    ['misuse', '/climb: is a symbolic link to / in layer 2, and nothing is followed'],
  );
  const through = await caughtFault(blamed(root, 'overlay', 'c', '/etc/passwd/x'));
  assert.match(through.message, '/etc/passwd: is a file in layer 2');
});

overlay('says so where no layer has it, and where a layer is not on disk', async ({ root }) => {
  assert.is(
    (await caughtFault(blamed(root, 'overlay', 'c', '/nowhere'))).message,
    '/nowhere: no layer of c has it or ever took it away',
  );
  assert.is((await caughtFault(blamed(root, 'overlay', 'nobody', '/etc'))).code, 'missing');
  rmSync(join(root, 'snapshots/1'), { recursive: true });
  assert.match(
    (await caughtFault(blamed(root, 'overlay', 'c', '/etc/passwd'))).message,
    'snapshots/1/fs: is not on disk',
  );
});

overlay('is plain JSON for machines', async ({ root }) => {
  const layers = async (name: string) => openLayers(root, name);
  const row = blameRow(await blame(await memoryFiles(facts('overlay')), layers, { key: 'c', path: '/etc/hosts' }));
  assert.equal(row, {
    path: '/etc/hosts',
    shows: 'nothing',
    how: 'took it away by the whiteout /etc/hosts',
    layer: { id: '3', key: 'c', kind: 'active' },
    before: { id: '1', key: 'A', kind: 'committed' },
    time: '6000000000',
    position: '6',
    actor: { actor: 'test' },
  });
  assert.equal(pathSteps('/'), []);
});

overlay('knows no files of the driver in memory', async () => {
  assert.is((await caughtFault(blamed('/', 'memory', 'c', '/etc'))).code, 'unsupported');
});
overlay.run();

const btrfs = suiteNeeding<{ loop: Loop }>('blame on btrfs', requireFileSystem('btrfs'), requireCommand('btrfs'));
btrfs.before((context) =>
  loudly(() => {
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
  }),
);
btrfs.after(({ loop }) => loop.end());

btrfs('names the first layer that has the file as it is', async ({ loop: { path } }) => {
  assert.is(await blamed(path, 'btrfs', 'c', '/etc/passwd'), 'file: B brought this file, 2 bytes, position 5');
  assert.is(await blamed(path, 'btrfs', 'B', '/etc/hosts'), 'file: A brought this file, 9 bytes, position 3');
});

btrfs('names the layer that took it away', async ({ loop: { path } }) => {
  assert.is(await blamed(path, 'btrfs', 'c', '/etc/hosts'), 'nothing: c took it away, was of A, position 6');
  assert.is((await caughtFault(blamed(path, 'btrfs', 'c', '/nowhere'))).code, 'missing');
});
btrfs.run();
