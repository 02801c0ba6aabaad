import * as assert from 'uvu/assert';
import { suiteNeeding } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { needs } from './environment.ts';

const test = suiteNeeding('the demo', ...needs());

test('demo: shows every step down to the removals by garbage collection', async () => {
  const { stdout } = await run(process.execPath, [new URL('../demo/main.js', import.meta.url).pathname]);
  const [, collected = ''] = stdout.split('containerd collects its garbage');
  const [removals = '', checked = ''] = collected.split('\n== Checking');
  const shown = removals.match(/ SnapshotRemoved /g) ?? [];
  assert.is(shown.length, 4, removals);
  assert.match(checked, 'all in order');
  assert.match(stdout, 'processes ended, mounts and files removed');
});

test.run();
