import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { usageDifference } from '../../projections/usage.ts';

const test = suite('usageDifference');
const measured = { bytes: 8 << 20, inodes: 51 };

test('is none if the measurement is equal, or only the allocation moved a little', () => {
  assert.is(usageDifference(measured, measured), undefined);
  const slack = (1 << 20) + (64 << 10);
  for (const bytes of [measured.bytes - slack, measured.bytes + slack])
    assert.is(usageDifference(measured, { ...measured, bytes }), undefined);
});

test('is a single missing or added inode', () => {
  assert.is(usageDifference(measured, { ...measured, inodes: 50 }), 'it holds 50 of the 51 inodes measured');
  assert.is(usageDifference(measured, { ...measured, inodes: 52 }), 'it holds 52 of the 51 inodes measured');
});

test('is a change in bytes that no file system makes by itself', () => {
  assert.is(usageDifference(measured, { ...measured, bytes: 0 }), 'it holds 0 of the 8388608 bytes measured');
  assert.ok(usageDifference(measured, { ...measured, bytes: 16 << 20 }));
  assert.ok(usageDifference({ bytes: 50 * 4096, inodes: 51 }, { bytes: 4096, inodes: 51 }));
});

test.run();
