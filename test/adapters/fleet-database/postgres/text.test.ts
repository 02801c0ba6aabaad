import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  fromText,
  fromTime,
  toText,
  toTime,
} from '../../../../src/adapters/fleet-database/postgres/connection/text.ts';
import { nanos } from '../../../support/sample-fleet.ts';

const test = suite('texts and times of PostgreSQL');

/** Any sequence of UTF-16 units, half surrogate pairs included. */
const units = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 0xffff }), fc.constantFrom(0, 0x5c, 0x75, 0xd800, 0xdc00, 0x30)))
  .map((codes) => String.fromCharCode(...codes));

test('text: is the same after a round trip, and is valid UTF-8 without NUL in between', async () => {
  await fc.assert(
    fc.asyncProperty(units, async (text) => {
      const stored = toText(text);
      assert.is(Buffer.from(stored).toString(), stored);
      assert.not.ok(stored.includes('\0'));
      assert.is(fromText(stored), text);
    }),
  );
});

test('text: two different ones stay different, and usual ones are as they are', () => {
  assert.is(toText('k8s.io/12/sha256:0a é 😀'), 'k8s.io/12/sha256:0a é 😀');
  assert.equal(['\0', '\\0', '\ud800', '\\ud800'].map(toText), ['\\0', '\\\\0', '\\ud800', '\\\\ud800']);
});

test('time: keeps microseconds', () => {
  assert.is(toTime(nanos('2026-11-28T20:00:00.123456789Z'), ''), '2026-11-28T20:00:00.123456Z');
  assert.is(fromTime('2026-11-28 20:00:00.1234+00'), nanos('2026-11-28T20:00:00.1234Z'));
  assert.is(fromTime('2026-11-28 20:00:00+00'), nanos('2026-11-28T20:00:00Z'));
  assert.is(fromTime('infinity'), null);
  assert.is(toTime(null, 'infinity'), 'infinity');
});

test('time: is clamped to the years that have the same form', () => {
  assert.is(toTime(10n ** 40n, ''), '9999-12-31T23:59:59.999999Z');
  assert.is(toTime(-(10n ** 18n), ''), '1970-01-01T00:00:00.000000Z');
  assert.is(toTime(nanos('9000-01-01T00:00:00.000001Z'), ''), '9000-01-01T00:00:00.000001Z');
});

test.run();
