import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLayerFlush } from '../../../../src/adapters/volume-driver/overlay/layer-flush.ts';
import { Fault } from '../../../../src/ports/fault.ts';
import { createSandbox } from '../../../support/sandbox.ts';

const test = suite('overlay driver, flushes that fail');

const outcome = (flush: Promise<void>) =>
  flush.then(
    () => 'flushed',
    (error) => (error instanceof Fault ? error.code : String(error)),
  );

test('a layer that was there when a flush failed is never called flushed again, a later one is', async () => {
  const sandbox = createSandbox('layer-flush');
  try {
    for (const id of [1, 2]) sandbox.folder(`snapshots/${id}`);
    let fails = true;
    const flush = createLayerFlush(sandbox.path, async () => {
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

test('a flush that succeeds after one that failed meanwhile does not count', async () => {
  const sandbox = createSandbox('layer-flush');
  try {
    for (const id of [1, 2]) sandbox.folder(`snapshots/${id}`);
    const ends: ((error?: Error) => void)[] = [];
    const flush = createLayerFlush(
      sandbox.path,
      () =>
        new Promise((resolve, reject) => {
          ends.push((error) => (error === undefined ? resolve() : reject(error)));
        }),
    );
    const outcomes = Promise.all([1, 2].map((id) => outcome(flush(id))));
    ends[0]?.(new Fault('io', 'EIO', { hint: '' }));
    await Promise.resolve();
    ends[1]?.();
    assert.equal(await outcomes, ['io', 'io']);
  } finally {
    await sandbox.close();
  }
});

test.run();
