import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createBarrier } from '../../../../src/adapters/volume-driver/overlay/barrier.ts';
import { createSandbox } from '../../../support/sandbox.ts';

const test = suite('overlay driver, barrier');

test('leaves nothing below the root, and works again after it was closed', async () => {
  const sandbox = createSandbox('barrier');
  let whole = 0;
  try {
    const barrier = createBarrier(sandbox.path, async () => void whole++);
    for (let pass = 0; pass < 3; pass++) {
      await Promise.all([barrier.pass(), barrier.pass()]);
      barrier.close();
    }
    assert.equal(readdirSync(sandbox.path), []);
    assert.is(whole, 0);
  } finally {
    await sandbox.close();
  }
});

test('flushes the file system if it has no file, and fails with that flush', async () => {
  let fails = false;
  const barrier = createBarrier('/proc', async () => {
    if (fails) throw new Error('EIO');
  });
  await barrier.pass();
  fails = true;
  assert.is(await barrier.pass().catch((error: Error) => error.message), 'EIO');
});

test.run();
