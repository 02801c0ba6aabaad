import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fieldLines } from '../../../src/cli/output/table.ts';
import { ageOf, dateOf, plain, sizeText } from '../../../src/cli/output/text.ts';

const test = suite('human-readable values');

test('show bytes in the largest unit with a digit before the point', () => {
  const shown = [0, 512, 1023, 1024, 1536, 10_240, 1024 ** 2 - 1, 1024 ** 2, 3.25 * 1024 ** 3].map(sizeText);
  assert.equal(shown, ['0 B', '512 B', '1023 B', '1 KiB', '1.5 KiB', '10 KiB', '1 MiB', '1 MiB', '3.3 GiB']);
});

test('show a time in UTC, to the millisecond', () => {
  assert.is(dateOf(1_700_000_000_123_456_789n), '2023-11-14T22:13:20.123Z');
  assert.is(dateOf(10n ** 30n), `${10n ** 30n}ns`);
});

test('show an age in its largest whole unit', () => {
  const ages = [0n, 59n, 60n, 7199n, 7200n, 86_399n, 200_000n].map((seconds) => ageOf(0n, seconds * 10n ** 9n));
  assert.equal(ages, ['0s', '59s', '1m', '1h', '2h', '23h', '2d']);
  assert.is(ageOf(10n ** 18n, 0n), '0s');
});

test('escape control characters of a terminal', () => {
  assert.is(plain('a\u001b[2Jb\nc\u202e'), 'a\\u001b[2Jb\\u000ac\\u202e');
  assert.is(plain('default/1/käse 世界'), 'default/1/käse 世界');
});

test('put values of several lines below each other', () => {
  assert.equal(
    fieldLines([
      ['key', 'k'],
      ['labels', ['a=1', 'b=2']],
      ['id', ''],
    ]),
    ['key     k', 'labels  a=1', '        b=2', 'id'],
  );
});

test.run();
