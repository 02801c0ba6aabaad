import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { alteration } from '../../src/domain/alteration.ts';

const test = suite('domain/alteration');
const measured = { bytes: 8 << 20, inodes: 51 };

test('finds nothing in what was measured, nor where only the allocation moved a little', () => {
  assert.is(alteration(measured, measured), undefined);
  const slack = (1 << 20) + (64 << 10);
  for (const bytes of [measured.bytes - slack, measured.bytes + slack])
    assert.is(alteration(measured, { ...measured, bytes }), undefined);
});

test('names a single inode that is missing or was added', () => {
  assert.is(alteration(measured, { ...measured, inodes: 50 }), 'it holds 50 of the 51 inodes measured');
  assert.is(alteration(measured, { ...measured, inodes: 52 }), 'it holds 52 of the 51 inodes measured');
});

test('names bytes that no file system takes away or adds by itself', () => {
  assert.is(alteration(measured, { ...measured, bytes: 0 }), 'it holds 0 of the 8388608 bytes measured');
  assert.ok(alteration(measured, { ...measured, bytes: 16 << 20 }));
  assert.ok(alteration({ bytes: 50 * 4096, inodes: 51 }, { bytes: 4096, inodes: 51 }));
});

test.run();
