import * as assert from 'uvu/assert';
import { requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import type { TortureOptions } from '../torture/options.ts';
import { torture } from '../torture/torture.ts';
import { driversUnderTest } from './drivers.ts';

for (const { name, needs } of driversUnderTest) {
  const test = suiteNeeding(`torture of ${name}`, ...needs, requireFileSystem('xfs'));
  const disk = name === 'btrfs' ? 'btrfs' : 'xfs';
  const usual: Omit<TortureOptions, 'mode' | 'rounds'> = { driver: name, disk, seconds: 60, seed: 1, writers: 8 };

  test('leaves no loss, no wedge and nothing unexplained, whatever ends the daemon', async () => {
    for (const [mode, rounds] of [
      ['kill', 4],
      ['mixed', 6],
    ] as const) {
      const lines: string[] = [];
      const { findings, acknowledged } = await torture({ ...usual, mode, rounds }, (line) => lines.push(line));
      assert.equal(findings, [], lines.join('\n'));
      assert.ok(acknowledged > 0);
    }
  });

  test.run();
}
