import * as assert from 'uvu/assert';
import { hasOrderedMetadata } from '../../../src/adapters/system/file-system.ts';
import { createLoop, type LoopType } from '../../support/loop.ts';
import { requireFileSystem, suiteNeeding } from '../../support/requirements.ts';

const kinds: readonly (readonly [type: LoopType, format: readonly string[], ordered: boolean])[] = [
  ['xfs', [], true],
  ['ext4', [], true],
  ['ext4', ['-O', '^has_journal'], false],
  ['btrfs', [], false],
];
const suite = suiteNeeding(
  'ordered metadata of a file system',
  ...(['xfs', 'ext4', 'btrfs'] as const).map(requireFileSystem),
);

for (const [type, format, ordered] of kinds)
  suite(`${[type, ...format].join(' ')}: ${ordered ? 'yes' : 'no'}`, () => {
    const loop = createLoop(type, { format });
    try {
      assert.is(hasOrderedMetadata(loop.path), ordered);
    } finally {
      loop.end();
    }
  });

suite('a file system without a device: no', () => assert.not(hasOrderedMetadata('/proc')));

suite.run();
