import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import * as assert from 'uvu/assert';
import { active } from '../../../contract/volume-driver.contract.ts';
import { btrfs } from './bench.ts';
import { btrfsSuite, type Fixture } from './btrfs-suite.ts';

const fill = (size: number, seed: number) => Buffer.alloc(size, seed);

/** A base of 40 files of 16 KiB in 4 directories, committed as volume 1, and an active child of it as volume 2. */
async function layered({ driver, part, commit }: Fixture): Promise<string> {
  await driver.create(active(1));
  for (let n = 0; n < 40; n++) {
    mkdirSync(part(1, `fs/d${n % 4}`), { recursive: true });
    writeFileSync(part(1, `fs/d${n % 4}/f${n}`), fill(16 << 10, n + 1));
  }
  await commit(active(1));
  await driver.create(active(2, 1));
  return part(2, 'fs');
}

/** The exclusive bytes of a subvolume, as reported by the btrfs command. */
function exclusive(path: string): number {
  btrfs('filesystem', 'sync', path);
  const [, , bytes] = /^\s*(\d+)\s+(\d+)/m.exec(btrfs('filesystem', 'du', '-s', '--raw', path)) ?? [];
  return Number(bytes);
}

const changes: readonly (readonly [title: string, inodes: number, change: (fs: string) => void])[] = [
  ['nothing changed', 1, () => {}],
  [
    'new files',
    4,
    (fs) => {
      mkdirSync(`${fs}/new`);
      writeFileSync(`${fs}/new/a`, fill(300_000, 1));
      writeFileSync(`${fs}/new/b`, fill(5000, 2));
    },
  ],
  [
    'hard links',
    2,
    (fs) => {
      writeFileSync(`${fs}/a`, fill(50_000, 1));
      for (const name of ['b', 'c']) linkSync(`${fs}/a`, `${fs}/${name}`);
    },
  ],
  [
    'a sparse file',
    2,
    (fs) => {
      const fd = openSync(`${fs}/sparse`, 'w');
      writeSync(fd, fill(8192, 1), 0, 8192, 64 << 20);
      closeSync(fd);
      truncateSync(`${fs}/sparse`, 1 << 30);
    },
  ],
  [
    'a file of the parent partly overwritten',
    2,
    (fs) => {
      const fd = openSync(`${fs}/d1/f1`, 'r+');
      writeSync(fd, fill(4096, 9), 0, 4096, 4096);
      closeSync(fd);
    },
  ],
  ['a file of the parent rewritten', 2, (fs) => writeFileSync(`${fs}/d0/f4`, fill(20_000, 7))],
  [
    'files of the parent deleted',
    1,
    (fs) => {
      rmSync(`${fs}/d1/f1`);
      rmSync(`${fs}/d2`, { recursive: true });
    },
  ],
  ['files of the parent renamed', 1, (fs) => renameSync(`${fs}/d1/f1`, `${fs}/d2/moved`)],
  [
    'a reflink copy of a file of the parent',
    2,
    (fs) => void execFileSync('cp', ['--reflink=always', `${fs}/d1/f1`, `${fs}/copy`]),
  ],
  ['files of the parent read, and given another mode', 1, (fs) => chmodSync(`${fs}/d1/f1`, 0o600)],
  [
    'a small file and a symbolic link',
    3,
    (fs) => {
      writeFileSync(`${fs}/small`, 'small');
      symlinkSync('small', `${fs}/link`);
    },
  ],
];

btrfsSuite('usage', (test) => {
  for (const [title, inodes, change] of changes)
    test(`equals the exclusive bytes that btrfs reports, with ${title}`, async (place) => {
      const fs = await layered(place);
      change(fs);
      const usage = await place.driver.usage(active(2, 1));
      assert.is(usage.bytes, exclusive(fs));
      assert.is(usage.inodes, inodes);
      await place.commit(active(2, 1));
      assert.equal(await place.driver.usage({ ...active(2, 1), kind: 'committed' }), usage);
    });

  test('of a layer that was written before its parent was committed is that of one unpacked on the parent', async (place) => {
    const { driver, part, root } = place;
    const rebased = { ...active(4), labels: { 'containerd.io/snapshot.ref': 'layer' } };
    const unpack = (fs: string) => {
      mkdirSync(`${fs}/new`);
      writeFileSync(`${fs}/new/a`, fill(300_000, 1));
      linkSync(`${fs}/new/a`, `${fs}/new/b`);
      mkdirSync(`${fs}/d1`, { recursive: true });
      rmSync(`${fs}/d1/f1`, { force: true });
      writeFileSync(`${fs}/d1/f1`, fill(20_000, 7));
      writeFileSync(`${fs}/small`, 'small');
    };
    await driver.create(rebased);
    unpack(part(4, 'fs'));
    btrfs('filesystem', 'sync', root);
    unpack(await layered(place));
    await place.commit(active(2, 1));
    await driver.freeze(rebased, 1);
    await driver.dropActive({ ...rebased, kind: 'committed', parents: [1] });
    const usage = await driver.usage({ ...rebased, kind: 'committed', parents: [1] });
    assert.equal(usage, await driver.usage({ ...active(2, 1), kind: 'committed' }));
    // Until the kernel has freed the dropped subvolumes, they share the layer's extents.
    await driver.reclaimSpace();
    assert.is(usage.bytes, exclusive(part(4, 'layer')));
  });
});
