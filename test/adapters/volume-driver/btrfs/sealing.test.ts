import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import * as assert from 'uvu/assert';
import { active, only, rejectsWith, view } from '../../../contract/volume-driver.contract.ts';
import { waitFor } from '../../../support/wait-for.ts';
import { btrfs } from './bench.ts';
import { btrfsSuite } from './btrfs-suite.ts';

btrfsSuite('sealing', (test) => {
  test('keeps writes through an open file out of the committed layer', async ({ driver, part }) => {
    await driver.create(active(1));
    const fd = openSync(part(1, 'fs/file'), 'w');
    writeSync(fd, 'before');
    await driver.freeze(active(1));
    writeSync(fd, ' after');
    await driver.dropActive({ ...active(1), kind: 'committed' });
    writeSync(fd, ' and late');
    closeSync(fd);
    assert.is(readFileSync(part(1, 'layer/file'), 'utf8'), 'before');
    assert.throws(() => writeFileSync(part(1, 'layer/file'), 'x'), /EROFS/);
  });

  test('keeps writes through a leftover mount out of the committed layer', async (place) => {
    const { driver, part, inside } = place;
    await driver.create(active(1));
    await inside(active(1), 'echo before > file');
    const hook = part(1, 'sealed');
    // The kernel deletes a mounted subvolume; the mount then has no target.
    const late = inside(
      active(1),
      `touch ${part(1, 'mounted')}; while [ ! -e ${hook} ]; do sleep 0.02; done; echo late > file || echo gone`,
    );
    await waitFor('the mount', () => existsSync(part(1, 'mounted')));
    await place.commit(active(1));
    writeFileSync(hook, '');
    assert.is(await late, 'gone\n');
    assert.is(readFileSync(part(1, 'layer/file'), 'utf8'), 'before\n');
    assert.equal(readdirSync(part(1, '.')).sort(), ['layer', 'mounted', 'sealed']);
  });

  test('includes later writes in a second commit after a failed one', async ({ driver, part }) => {
    await driver.create(active(1));
    writeFileSync(part(1, 'fs/file'), 'first');
    await driver.freeze(active(1));
    writeFileSync(part(1, 'fs/file'), 'second');
    await driver.freeze(active(1));
    assert.is(readFileSync(part(1, 'layer/file'), 'utf8'), 'second');
  });

  test('adopts nothing that is in the place of a layer, and does not change it', async ({ driver, part }) => {
    const foreigners = [
      () => mkdirSync(part(1, 'layer')),
      () => void btrfs('subvolume', 'create', part(1, 'layer')),
      () => void btrfs('subvolume', 'snapshot', '-r', part(2, 'fs'), part(1, 'layer')),
    ];
    await driver.create(active(2));
    for (const put of foreigners) {
      await driver.create(active(1));
      put();
      await rejectsWith(() => driver.freeze(active(1)), 'misuse');
      await rejectsWith(() => driver.unfreeze(active(1)), 'misuse');
      assert.equal(readdirSync(part(1, '.')), ['fs', 'layer']);
      await driver.purge(1);
    }
  });

  test('never unfreezes the only copy of a layer', async ({ driver, part, commit }) => {
    await driver.create(active(1));
    writeFileSync(part(1, 'fs/file'), 'kept');
    await commit(active(1));
    await driver.unfreeze(active(1));
    assert.is(readFileSync(part(1, 'layer/file'), 'utf8'), 'kept');
  });

  test('drops no active whose layer is missing', async ({ driver, part }) => {
    await driver.create(active(1));
    writeFileSync(part(1, 'fs/file'), 'kept');
    await rejectsWith(() => driver.dropActive({ ...active(1), kind: 'committed' }), 'io');
    assert.is(readFileSync(part(1, 'fs/file'), 'utf8'), 'kept');
  });

  test('commits nested subvolumes at any depth', async ({ driver, part, inside, commit }) => {
    await driver.create(active(1));
    mkdirSync(part(1, 'fs/var/lib'), { recursive: true });
    btrfs('subvolume', 'create', part(1, 'fs/var/lib/outer'));
    btrfs('subvolume', 'create', part(1, 'fs/var/lib/outer/inner'));
    writeFileSync(part(1, 'fs/var/lib/outer/file'), 'outer', { mode: 0o640 });
    writeFileSync(part(1, 'fs/var/lib/outer/inner/file'), Buffer.alloc(100_000, 'i'));
    btrfs('property', 'set', '-ts', part(1, 'fs/var/lib/outer/inner'), 'ro', 'true');
    await commit(active(1));
    assert.equal(readdirSync(part(1, '.')), ['layer']);
    assert.is(readFileSync(part(1, 'layer/var/lib/outer/file'), 'utf8'), 'outer');
    assert.is(statSync(part(1, 'layer/var/lib/outer/file')).mode & 0o777, 0o640);
    assert.is(readFileSync(part(1, 'layer/var/lib/outer/inner/file')).length, 100_000);
    assert.throws(() => writeFileSync(part(1, 'layer/x'), 'x'), /EROFS/);
    await driver.create(active(2, 1));
    assert.is(
      await inside(active(2, 1), 'cat var/lib/outer/file; touch var/lib/outer/inner/new && ls var/lib/outer/inner'),
      'outerfile\nnew\n',
    );
  });

  test('purges nested subvolumes, also read-only ones and those with unusual names', async ({ driver, root, part }) => {
    mkdirSync(`${root}/precious`);
    writeFileSync(`${root}/precious/file`, '');
    await driver.create(active(1));
    btrfs('subvolume', 'create', part(1, 'fs/a b\nc'));
    btrfs('subvolume', 'create', part(1, 'fs/a b\nc/inner'));
    btrfs('subvolume', 'create', part(1, 'fs/a b\nc/inner/innermost'));
    writeFileSync(part(1, 'fs/a b\nc/inner/innermost/file'), 'x');
    symlinkSync(`${root}/precious`, part(1, 'fs/link'));
    btrfs('property', 'set', '-ts', part(1, 'fs/a b\nc/inner'), 'ro', 'true');
    btrfs('property', 'set', '-ts', part(1, 'fs/a b\nc'), 'ro', 'true');
    await driver.purge(1);
    assert.equal(await driver.scan(), []);
    assert.not(existsSync(part(1, '.')));
    assert.equal(readdirSync(`${root}/precious`), ['file']);
  });

  test('renames files and directories of the parent without changing the parent', async (place) => {
    const { driver, inside, part, commit } = place;
    await driver.create(active(1));
    await inside(active(1), 'mkdir dir some; echo first > some/f1; echo dull > some/f2');
    await commit(active(1));
    await driver.create(active(2, 1));
    await inside(active(2, 1), 'mv dir dir2; echo new > some/new; mv some/new some/f1; mv some/f2 some/f3');
    await commit(active(2, 1));
    await driver.create(view(3, 2, 1));
    assert.is(await inside(view(3, 2, 1), 'ls; ls some; cat some/f1'), 'dir2\nsome\nf1\nf3\nnew\n');
    assert.equal(readdirSync(part(1, 'layer')).sort(), ['dir', 'some']);
  });

  test('shows a view its parent, read-only', async ({ driver, inside, part, commit }) => {
    await driver.create(active(1));
    writeFileSync(part(1, 'fs/file'), 'content');
    await commit(active(1));
    for (const look of [view(2, 1), view(3)]) await driver.create(look);
    assert.is(
      await inside(view(2, 1), 'cat file; touch x 2>&1 || true; touch file 2>&1 || true'),
      "contenttouch: cannot touch 'x': Read-only file system\ntouch: cannot touch 'file': Read-only file system\n",
    );
    assert.is(await inside(view(3), 'ls -A'), '');
    for (const id of [2, 3]) assert.throws(() => writeFileSync(part(id, 'fs/x'), ''), /EROFS/);
  });

  test('quarantines a volume with read-only subvolumes', async ({ driver, root, part }) => {
    await driver.create(active(1));
    writeFileSync(part(1, 'fs/file'), 'content');
    await driver.freeze(active(1));
    const place = await driver.quarantine(only(await driver.scan()), 'aside');
    assert.is(readFileSync(`${root}/${place}/layer/file`, 'utf8'), 'content');
    assert.equal(await driver.scan(), []);
  });

  test('discards a subvolume in the place of a volume, and a directory in the place of a subvolume', async ({
    driver,
    root,
    part,
  }) => {
    btrfs('subvolume', 'create', `${root}/snapshots/7`);
    btrfs('subvolume', 'create', `${root}/snapshots/7/fs`);
    mkdirSync(part(8, 'layer'), { recursive: true });
    writeFileSync(part(8, 'layer/file'), '');
    const found = await driver.scan();
    assert.equal(found.map(({ layer }) => layer).sort(), [false, true]);
    for (const each of found) {
      assert.is(await driver.isPristine(each), each.id === 7);
      await driver.discard(each);
    }
    assert.equal(await driver.scan(), []);
  });
});
