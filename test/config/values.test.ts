import { either } from 'fp-ts';
import type * as t from 'io-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Duration, NodeName, Period, Room, Size, SocketPath } from '../../src/config/values.ts';

const test = suite('values of the settings file');

const decoded = <A>(codec: t.Decoder<unknown, A>, input: unknown) =>
  either.getOrElseW(() => 'refused')(codec.decode(input));

test('accepts sizes as numbers and with units', () => {
  const sizes = [0, 4096, '12B', '64KiB', '16MiB', '1.5 GiB', '1gib'].map((input) => decoded(Size('0B'), input));
  assert.equal(sizes, [0, 4096, 12, 65_536, 16_777_216, 1.5 * 2 ** 30, 2 ** 30]);
});

test('refuses sizes that are not whole bytes or have another unit', () => {
  for (const input of ['1.5B', '16', '16MB', '-1KiB', '', 'MiB', '1 constructor', true, 2 ** 60])
    assert.is(decoded(Size('0B'), input), 'refused', String(input));
});

test('accepts durations as seconds and with units, in milliseconds', () => {
  const durations = [0, 10, 0.25, '500ms', '10s', '2m', '1h'].map((input) => decoded(Duration, input));
  assert.equal(durations, [0, 10_000, 250, 500, 10_000, 120_000, 3_600_000]);
});

test('refuses durations that exceed the range of timers', () => {
  for (const input of [-1, Number.NaN, Number.POSITIVE_INFINITY, '25h', '10', 's'])
    assert.is(decoded(Duration, input), 'refused', String(input));
});

test('accepts longer times in days', () => {
  assert.equal(
    [0, 86_400, '24h', '7d', '3650d'].map((input) => decoded(Period, input)),
    [...[0, 86_400_000, 86_400_000, 604_800_000, 315_360_000_000]],
  );
  for (const input of [-1, '3651d', 'd', '7w', Number.NaN]) assert.is(decoded(Period, input), 'refused', String(input));
});

test('accepts space as a fraction or as bytes', () => {
  const spaces = ['20%', '0%', '12.5 %', '100%', 4096, '1GiB'].map((input) => decoded(Room, input));
  assert.equal(spaces, [
    ...[0.2, 0, 0.125, 1].map((fraction) => ({ fraction })),
    ...[4096, 2 ** 30].map((bytes) => ({ bytes })),
  ]);
  for (const input of ['101%', '%', '-1%', -1, '1.5B', true]) assert.is(decoded(Room, input), 'refused', String(input));
});

test('counts the bytes of a socket path, not its characters', () => {
  assert.is(decoded(SocketPath, `/${'a'.repeat(106)}`), `/${'a'.repeat(106)}`);
  assert.is(decoded(SocketPath, `/${'ä'.repeat(54)}`), 'refused');
  assert.is(decoded(SocketPath, '/run/'), 'refused');
});

test("accepts as a node's name what a terminal and a label can show", () => {
  for (const name of ['node-1', 'ip-10-0-0-1.eu.internal', 'a b', 'Köln', 'x'.repeat(255)])
    assert.is(decoded(NodeName, name), name);
  for (const name of [
    '',
    ' a',
    'a ',
    'a\nb',
    '\u001b[2J',
    'a\u0000',
    '\u202eab',
    'a\u2028b',
    '\ud800',
    'ä'.repeat(128),
    1,
  ])
    assert.is(decoded(NodeName, name), 'refused', JSON.stringify(name));
});

test.run();
