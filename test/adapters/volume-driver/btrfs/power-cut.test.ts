import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { active } from '../../../contract/volume-driver.contract.ts';
import { createLoop } from '../../../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../../../support/requirements.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';
import { needsBtrfs, openDriver } from './bench.ts';

/** A btrfs in a file on a file system with reflinks: an instant copy of the file has the content after a power cut. */
function cuttable(sandbox: Sandbox) {
  const disk = createLoop('xfs', { megabytes: 1024, format: ['-m', 'reflink=1'] });
  sandbox.atEnd(() => disk.end());
  const image = join(disk.path, 'image');
  execFileSync('truncate', ['--size', '256M', image]);
  execFileSync('mkfs.btrfs', ['-q', image]);
  const mountAt = (file: string, name: string) => {
    const place = sandbox.folder(name);
    execFileSync('mount', ['-o', 'loop', file, place]);
    sandbox.atEnd(() => void execFileSync('umount', [place]));
    return place;
  };
  const place = mountAt(image, 'mounted');
  let cuts = 0;
  const cut = () => {
    const copy = `${image}-${++cuts}`;
    execFileSync('cp', ['--reflink=always', image, copy]);
    return copy;
  };
  const survivors = (copy: string) => {
    // Two file systems with one identity can't be mounted together.
    execFileSync('umount', [place]);
    const mounted = sandbox.folder('survived');
    execFileSync('mount', ['-o', 'loop', copy, mounted]);
    sandbox.atEnd(() => void execFileSync('mount', ['-o', 'loop', image, place]));
    sandbox.atEnd(() => void execFileSync('umount', [mounted]));
    return mounted;
  };
  return { place, cut, survivors };
}

const test = suiteNeeding('btrfs driver: power cut', needsBtrfs, requireFileSystem('xfs'), requireCommand('mkfs.xfs'));

test('keeps everything in a frozen layer, including nested subvolumes', async () => {
  const sandbox = createSandbox('power');
  try {
    const { place, cut, survivors } = cuttable(sandbox);
    const driver = await openDriver(`${place}/root`);
    sandbox.atEnd(() => driver.close());
    const sizes = [10, 5000, 3 << 20];
    for (const id of [1, 2, 3]) {
      await driver.create(active(id));
      mkdirSync(`${place}/root/snapshots/${id}/fs/a`);
      for (const size of sizes) writeFileSync(`${place}/root/snapshots/${id}/fs/a/${size}`, Buffer.alloc(size, id));
    }
    execFileSync('btrfs', ['subvolume', 'create', `${place}/root/snapshots/3/fs/nested`]);
    for (const size of sizes) writeFileSync(`${place}/root/snapshots/3/fs/nested/${size}`, Buffer.alloc(size, 4));
    await Promise.all([2, 3].map((id) => driver.flush(active(id))));
    await Promise.all([2, 3].map((id) => driver.freeze(active(id))));
    writeFileSync(`${place}/root/snapshots/1/fs/late`, Buffer.alloc(1 << 20, 1));
    const copy = cut();
    await driver.close();
    const root = `${survivors(copy)}/root`;
    for (const id of [2, 3])
      for (const size of sizes)
        assert.ok(
          readFileSync(`${root}/snapshots/${id}/layer/a/${size}`).equals(Buffer.alloc(size, id)),
          `${id} ${size}`,
        );
    for (const size of sizes)
      assert.ok(
        readFileSync(`${root}/snapshots/3/layer/nested/${size}`).equals(Buffer.alloc(size, 4)),
        `nested ${size}`,
      );
    // The layer that was not frozen shows that the power was really cut.
    const late = `${root}/snapshots/1/fs/late`;
    assert.not(existsSync(late) && readFileSync(late).length > 0);
  } finally {
    await sandbox.close();
  }
});

test.run();
