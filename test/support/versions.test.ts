import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isAtLeast } from './versions.ts';

const test = suite('versions');

test('compares numbers, not digits', () => {
  assert.ok(isAtLeast('2.3.4', '2.3'));
  assert.ok(isAtLeast('1.26.8', '1.26.3'));
  assert.ok(isAtLeast('1.10.0', '1.9.9'));
  assert.ok(isAtLeast('2.4.0-beta.0', '2'));
  assert.not(isAtLeast('1.19.8', '1.26.3'));
  assert.not(isAtLeast('1.7.9', '1.7.16'));
  assert.not(isAtLeast('1.26', '1.26.3'));
});

test.run();
