import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLayerThread } from '../../src/compose/threads/layer-thread.ts';
import { createSandbox } from '../support/sandbox.ts';

const test = suite('the thread that changes layers');

test('an answer of a closed thread is not taken for that of the next one', async () => {
  const sandbox = createSandbox('layer-thread');
  const thread = createLayerThread();
  try {
    const empty = join(sandbox.path, 'empty');
    mkdirSync(empty);
    assert.is(await thread.clean(empty), 0);
    const first = thread.clean(empty).catch((error) => error.code);
    // The thread answers meanwhile, and the answer waits for the next turn of this one.
    execFileSync('sleep', ['0.3']);
    const closed = thread.close();
    const second = thread.clean(join(sandbox.path, 'missing')).then(
      () => 'done',
      (error) => error.message,
    );
    assert.is(await first, 'stopped');
    assert.match(await second, /ENOENT|llistxattr|missing/);
    await closed;
  } finally {
    await thread.close();
    await sandbox.close();
  }
});

test.run();
