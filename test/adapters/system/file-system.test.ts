import { execFileSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { fileSystemOf, hasOrderedMetadata } from '../../../src/adapters/system/file-system.ts';
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
      const df = execFileSync('df', ['-B1', '--output=fstype,size', loop.path], { encoding: 'utf8' });
      const [name, size] = (df.trim().split('\n').at(-1) ?? '').split(/\s+/);
      assert.equal(fileSystemOf(loop.path), { type: name, bytes: Number(size) });
    } finally {
      loop.end();
    }
  });

suite('a type that is not known: is a number', () => assert.equal(fileSystemOf('/proc'), { type: '0x9fa0', bytes: 0 }));

suite('a file system without a device: no', () => assert.not(hasOrderedMetadata('/proc')));

suite.run();
