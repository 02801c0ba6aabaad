import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { unixAddress } from '../../../src/adapters/system/system.ts';

const test = suite('unixAddress');

test('ends a path with a zero byte', () => {
  assert.equal(unixAddress('/run/x')?.subarray(2), Buffer.from('/run/x\0'));
});

test('starts an abstract name with a zero byte and ends it with the address', () => {
  assert.equal(unixAddress('@x')?.subarray(2), Buffer.from('\0x'));
});

test('refuses invalid and too long paths', () => {
  for (const name of ['', '@', '/', 'relative', 'vsock:2:1', `/${'x'.repeat(107)}`])
    assert.is(unixAddress(name), undefined);
});

test.run();
