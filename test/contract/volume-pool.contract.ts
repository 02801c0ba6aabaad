import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import * as assert from 'uvu/assert';
import type { Failpoint } from '../../src/ports/failpoints.ts';
import type { VolumeDriver, VolumePool } from '../../src/ports/volume-driver.ts';
import { type Missing, suiteNeeding } from '../support/requirements.ts';
import { active, only, rejectsWith } from './volume-driver.contract.ts';

/** A new root, and drivers on it, as consecutive daemons would open them. */
export interface PoolBench {
  readonly root: string;
  open(failpoint?: Failpoint): Promise<VolumeDriver>;
  end(): Promise<void>;
}

export function poolOf({ pool }: VolumeDriver): VolumePool {
  assert.ok(pool);
  return pool;
}

export async function fillPool(driver: VolumeDriver): Promise<void> {
  const pool = poolOf(driver);
  while (!pool.isFull()) await pool.fill();
}

/** The numbers in a root's pool, in the order in which they were made. */
const numbersIn = (root: string) => readdirSync(`${root}/pool`).sort((a, b) => Number(a) - Number(b));

/** Changes of a volume of the pool from outside; `keeps`: it holds something then, which must not be deleted. */
const changes: readonly { title: string; keeps: boolean; change(volume: string): void; undo?(volume: string): void }[] =
  [
    { title: 'has a file', keeps: true, change: (volume) => writeFileSync(`${volume}/fs/foreign`, '') },
    { title: 'has an entry beside its layer', keeps: true, change: (volume) => mkdirSync(`${volume}/foreign`) },
    {
      title: 'has a file in its work directory',
      keeps: true,
      change: (volume) => writeFileSync(`${volume}/work/foreign`, ''),
    },
    { title: 'has another mode', keeps: false, change: (volume) => chmodSync(`${volume}/fs`, 0o700) },
    {
      title: 'had a file',
      keeps: false,
      change: (volume) => {
        writeFileSync(`${volume}/fs/foreign`, '');
        rmSync(`${volume}/fs/foreign`);
      },
    },
    {
      title: 'has an extended attribute',
      keeps: false,
      change: (volume) => void execFileSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', `${volume}/fs`]),
    },
    {
      title: 'is a symbolic link',
      keeps: true,
      change: (volume) => {
        renameSync(volume, `${volume}-moved`);
        symlinkSync(`${volume}-moved`, volume);
      },
    },
    {
      title: 'has a symbolic link as its work directory',
      keeps: true,
      change: (volume) => {
        rmdirSync(`${volume}/work`);
        symlinkSync('/tmp', `${volume}/work`);
      },
    },
    {
      title: 'has another file system on its layer',
      keeps: false,
      change: (volume) => void execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', `${volume}/fs`]),
      undo: (volume) => void execFileSync('umount', [`${volume}/fs`]),
    },
    { title: 'is gone', keeps: false, change: (volume) => renameSync(volume, `${volume}/../../away`) },
  ];

/** The contract of a driver's pool of volumes. */
export function volumePoolContract(name: string, openBench: () => Promise<PoolBench>, missing: Missing): void {
  const test = suiteNeeding(`${name}: volumes made ahead`, missing);
  const put = (title: string, action: (bench: PoolBench & { driver: VolumeDriver }) => Promise<void>) =>
    test(title, async () => {
      const bench = await openBench();
      const driver = await bench.open();
      try {
        await action({ ...bench, driver });
      } finally {
        await driver.close();
        await bench.end();
      }
    });

  put('are complete, few, and no volumes of a scan', async ({ driver, root }) => {
    await fillPool(driver);
    const numbers = numbersIn(root);
    assert.ok(numbers.length > 0 && numbers.length <= 8);
    await poolOf(driver).fill();
    assert.equal(numbersIn(root), numbers);
    assert.equal(await driver.scan(), []);
    const modes = ['', '/fs', '/work'].map((part) => lstatSync(`${root}/pool/1${part}`).mode & 0o7777);
    assert.equal(modes, [0o700, 0o755, 0o711]);
  });

  put('become the volumes of new actives, until there are none', async ({ driver, root }) => {
    await fillPool(driver);
    const made = numbersIn(root).map((number) => lstatSync(`${root}/pool/${number}`).ino);
    const ids = Array.from({ length: made.length + 2 }, (_, index) => index + 1);
    for (const id of ids) await driver.create(active(id));
    assert.equal(
      ids.slice(0, made.length).map((id) => lstatSync(`${root}/snapshots/${id}`).ino),
      made,
    );
    assert.equal(numbersIn(root), []);
    for (const found of await driver.scan()) assert.ok(found.complete && (await driver.isPristine(found)));
    assert.not(poolOf(driver).isFull());
  });

  put('do not replace a volume that exists', async ({ driver, root }) => {
    await driver.create(active(1));
    writeFileSync(`${root}/snapshots/1/fs/file`, 'mine');
    await fillPool(driver);
    await driver.create(active(1));
    assert.equal(readdirSync(`${root}/snapshots/1/fs`), ['file']);
  });

  put('never replace something else in the place of a volume', async ({ driver, root }) => {
    await fillPool(driver);
    writeFileSync(`${root}/snapshots/1`, 'mine');
    symlinkSync('/tmp', `${root}/snapshots/2`);
    for (const id of [1, 2]) await rejectsWith(() => driver.create(active(id)), 'misuse');
    assert.ok(lstatSync(`${root}/snapshots/1`).isFile() && lstatSync(`${root}/snapshots/2`).isSymbolicLink());
  });

  for (const { title, keeps, change, undo } of changes)
    put(`are not used if one ${title}`, async ({ driver, root }) => {
      await fillPool(driver);
      const [first = ''] = numbersIn(root);
      const volume = `${root}/pool/${first}`;
      change(volume);
      try {
        await driver.create(active(1));
        assert.equal(readdirSync(`${root}/snapshots/1/fs`), []);
        const found = only(await driver.scan().then((all) => all.filter(({ id }) => id === 1)));
        assert.ok(found.complete && (await driver.isPristine(found)));
        assert.is(
          (await driver.scan()).some(({ path }) => path === `pool/${first}`),
          keeps,
        );
        await poolOf(driver).drain();
        assert.is(existsSync(volume), title !== 'is gone');
      } finally {
        undo?.(volume);
      }
    });

  put('are quarantined by the reconciler if they hold something', async ({ driver, root }) => {
    await fillPool(driver);
    writeFileSync(`${root}/pool/1/fs/foreign`, '');
    writeFileSync(`${root}/pool/file`, '');
    const found = await driver.scan();
    assert.equal(found.map(({ path, id }) => [path, id]).sort(), [
      ['pool/1', null],
      ['pool/file', null],
    ]);
    for (const each of found) await driver.quarantine(each, each.path.replace('/', '_'));
    assert.equal(readdirSync(`${root}/quarantine`).sort(), ['pool_1', 'pool_file']);
    assert.equal(await driver.scan(), []);
  });

  put('are deleted when the pool is drained, at the end, and after a crash', async ({ driver, root, open }) => {
    const pool = poolOf(driver);
    assert.not(await pool.drain());
    for (let parts = 1; parts <= 4; parts++) {
      for (let n = 0; n < parts; n++) await pool.fill();
      assert.ok(await pool.drain());
      assert.equal(numbersIn(root), []);
    }
    for (let n = 0; n < 5; n++) await pool.fill();
    const next = await open();
    assert.equal(numbersIn(root), []);
    await fillPool(next);
    await next.close();
    assert.equal(numbersIn(root), []);
  });

  put('leave what a crash did not leave', async ({ driver, root, open }) => {
    await fillPool(driver);
    writeFileSync(`${root}/pool/1/fs/foreign`, 'mine');
    mkdirSync(`${root}/elsewhere/fs`, { recursive: true });
    symlinkSync(`${root}/elsewhere`, `${root}/pool/link`);
    const next = await open();
    assert.equal(numbersIn(root).sort(), ['1', 'link']);
    assert.ok(existsSync(`${root}/elsewhere/fs`));
    await fillPool(next);
    await next.create(active(1));
    assert.equal(readdirSync(`${root}/snapshots/1/fs`), []);
    await next.close();
    assert.ok(existsSync(`${root}/pool/1/fs/foreign`));
  });

  put('are given up if one can not be made, and made again later', async ({ root, open }) => {
    let failing = false;
    const driver = await open((step) => {
      if (failing && step === 'pool.fill') throw new Error('no further');
    });
    await fillPool(driver);
    await driver.create(active(1));
    failing = true;
    await rejectsWith(() => poolOf(driver).fill(), 'io');
    assert.equal(numbersIn(root), []);
    failing = false;
    await fillPool(driver);
    await driver.create(active(2));
    await driver.close();
  });

  put('are not needed: if one can not be moved, the volume is made in its place', async ({ root, open }) => {
    const driver = await open((step) => {
      if (step === 'pool.take') throw new Error('no further');
    });
    await fillPool(driver);
    await driver.create(active(1));
    assert.ok(only(await driver.scan()).complete);
    await driver.close();
    assert.equal(numbersIn(root), []);
  });

  put('are not made on another mount', async ({ driver, root }) => {
    execFileSync('mount', ['--bind', `${root}/pool`, `${root}/pool`]);
    try {
      await fillPool(driver);
      await driver.create(active(1));
      assert.ok(only(await driver.scan()).complete);
      assert.ok(poolOf(driver).isFull());
      await driver.create(active(2));
    } finally {
      execFileSync('umount', [`${root}/pool`]);
    }
  });

  put('are refused in a directory that is none', async ({ driver, root, open }) => {
    await driver.close();
    rmdirSync(`${root}/pool`);
    symlinkSync('/tmp', `${root}/pool`);
    assert.match((await rejectsWith(() => open(), 'misuse')).message, 'is not a directory');
  });

  test.run();
}
