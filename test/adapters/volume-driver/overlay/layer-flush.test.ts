import { symlinkSync, writeFileSync } from 'node:fs';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystem } from '../../../../src/adapters/system/system.ts';
import { createFlushes } from '../../../../src/adapters/volume-driver/overlay/flush.ts';
import { createOverlayDriver } from '../../../../src/adapters/volume-driver/overlay/overlay-driver.ts';
import { errnoError } from '../../../../src/ports/errno.ts';
import { Fault, faultOf } from '../../../../src/ports/fault.ts';
import type { Volume } from '../../../../src/ports/volume-driver.ts';
import { createLoop } from '../../../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../../../support/requirements.ts';
import { createSandbox } from '../../../support/sandbox.ts';

const test = suite('overlay driver, failed flushes');

const outcome = (flush: Promise<void>) =>
  flush.then(
    () => 'flushed',
    (error) => (error instanceof Fault ? error.code : String(error)),
  );

test('never reports a layer as flushed that existed when a flush failed, but later ones', async () => {
  const sandbox = createSandbox('layer-flush');
  try {
    for (const id of [1, 2]) sandbox.folder(`snapshots/${id}`);
    let fails = true;
    const { layer: flush } = createFlushes(sandbox.path, async () => {
      if (fails) throw new Fault('io', 'EIO', { hint: '' });
    });
    assert.is(await outcome(flush(1)), 'io');
    fails = false;
    sandbox.folder('snapshots/3');
    assert.equal(await Promise.all([1, 2, 3].map((id) => outcome(flush(id)))), ['io', 'io', 'flushed']);
  } finally {
    await sandbox.close();
  }
});

test('never reports a layer as flushed after a flush of the metadata has failed, unless that had no descriptor', async () => {
  const sandbox = createSandbox('layer-flush');
  try {
    sandbox.folder('snapshots/1');
    let fails: 'EMFILE' | 'EIO' | undefined = 'EMFILE';
    const flushes = createFlushes(sandbox.path, async () => {
      if (fails !== undefined) throw faultOf(errnoError(fails, fails), 'flush');
    });
    assert.is(await outcome(flushes.all()), 'exhausted');
    fails = undefined;
    assert.is(await outcome(flushes.layer(1)), 'flushed');
    fails = 'EIO';
    assert.is(await outcome(flushes.all()), 'io');
    fails = undefined;
    assert.is(await outcome(flushes.layer(1)), 'io');
    sandbox.folder('snapshots/2');
    assert.is(await outcome(flushes.layer(2)), 'flushed');
  } finally {
    await sandbox.close();
  }
});

for (const [name, later] of [
  ['EMFILE', 'flushed'],
  ['EIO', 'io'],
] as const)
  test(`reports a layer as ${later === 'io' ? 'lost' : later} after its own flush failed with ${name}`, async () => {
    const sandbox = createSandbox('layer-flush');
    try {
      sandbox.folder('snapshots/1');
      const errors = [errnoError(name, 'failed')];
      const own = async () => {
        const error = errors.shift();
        if (error !== undefined) throw error;
        return true;
      };
      const { layer: flush } = createFlushes(sandbox.path, async () => {}, own);
      assert.ok((await outcome(flush(1))) !== 'flushed');
      assert.is(await outcome(flush(1)), later);
    } finally {
      await sandbox.close();
    }
  });

test('ignores a flush that succeeds after a concurrent one failed', async () => {
  const sandbox = createSandbox('layer-flush');
  try {
    for (const id of [1, 2]) sandbox.folder(`snapshots/${id}`);
    const ends: ((error?: Error) => void)[] = [];
    const { layer: flush } = createFlushes(
      sandbox.path,
      () =>
        new Promise((resolve, reject) => {
          ends.push((error) => (error === undefined ? resolve() : reject(error)));
        }),
    );
    const outcomes = Promise.all([1, 2].map((id) => outcome(flush(id))));
    await yieldToLoop();
    ends[0]?.(new Fault('io', 'EIO', { hint: '' }));
    await Promise.resolve();
    ends[1]?.();
    assert.equal(await outcomes, ['io', 'io']);
  } finally {
    await sandbox.close();
  }
});

test('never reports a layer as flushed whose own flush failed, but others', async () => {
  const sandbox = createSandbox('layer-flush');
  try {
    for (const id of [1, 2]) sandbox.folder(`snapshots/${id}`);
    let whole = 0;
    let fails = true;
    const { layer: flush } = createFlushes(
      sandbox.path,
      async () => void whole++,
      async (id) => {
        if (fails && id === 1) throw new Fault('io', 'EIO', { hint: '' });
        return id !== 3;
      },
    );
    assert.equal([await outcome(flush(1)), await outcome(flush(2))], ['io', 'flushed']);
    fails = false;
    assert.equal([await outcome(flush(1)), await outcome(flush(2))], ['io', 'flushed']);
    assert.is(whole, 0);
    assert.is(await outcome(flush(3)), 'flushed');
    assert.is(whole, 1);
    assert.is(await outcome(flush(2, true)), 'flushed');
    assert.is(whole, 2, 'among others it is flushed with the file system');
  } finally {
    await sandbox.close();
  }
});

for (const type of ['ext4', 'btrfs'] as const) {
  const onLoop = suiteNeeding(
    `overlay driver on ${type}, layers of few files`,
    requireFileSystem('overlay'),
    requireFileSystem(type),
    requireCommand(`mkfs.${type}`),
  );
  const flushes = type === 'ext4' ? [0, 0, 0, 1] : [1, 2, 3, 4];
  onLoop(`${flushes.join(', ')} file system flushes for no file, one, one and a link, and many`, async () => {
    const loop = createLoop(type);
    let flushed = 0;
    const syncFileSystem = async () => void flushed++;
    const driver = await createOverlayDriver({ root: loop.path, system: { ...createSystem(), syncFileSystem } });
    try {
      const volume: Volume = { id: 1, kind: 'active', parents: [], labels: {} };
      const file = `${loop.path}/snapshots/1/fs/file`;
      await driver.create(volume);
      const counts: number[] = [];
      const many = () => {
        for (let n = 0; n < 40; n++) writeFileSync(`${file} ${n}`, 'x');
      };
      const changes = [() => {}, () => writeFileSync(file, 'x'), () => symlinkSync('/', `${file} link`), many];
      for (const change of changes) {
        change();
        await driver.flush(volume);
        counts.push(flushed);
      }
      assert.equal(counts, flushes);
    } finally {
      await driver.close();
      loop.end();
    }
  });
  onLoop.run();
}

test.run();
