import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMoment, parseTime } from '../../../src/app/audit/moment.ts';

const second = 1_000_000_000n;
const now = BigInt(Date.UTC(2026, 10, 24, 12)) * 1_000_000n;
const utc = (text: string) => BigInt(Date.parse(text)) * 1_000_000n;

const times = suite('time argument');

times('is accepted as RFC 3339, to the nanosecond and in any zone', () => {
  const taken: readonly (readonly [string, bigint])[] = [
    ['2026-11-24T10:00:00Z', utc('2026-11-24T10:00:00Z')],
    ['2026-11-24t10:00:00z', utc('2026-11-24T10:00:00Z')],
    ['2026-11-24T10:00:00.123456789Z', utc('2026-11-24T10:00:00Z') + 123_456_789n],
    ['2026-11-24T10:00:00+02:00', utc('2026-11-24T08:00:00Z')],
    ['2026-11-24T10:00:00-05:30', utc('2026-11-24T15:30:00Z')],
    ['2026-11-24 10:00', utc('2026-11-24T10:00:00Z')],
    ['2026-11-24', utc('2026-11-24T00:00:00Z')],
  ];
  for (const [text, time] of taken) assert.equal(parseTime(text, now), either.right(time), text);
});

times('is accepted as an age', () => {
  assert.equal(parseTime('2h ago', now), either.right(now - 7200n * second));
  assert.equal(parseTime('10m', now), either.right(now - 600n * second));
  assert.equal(parseTime('90s ago', now), either.right(now - 90n * second));
  assert.equal(parseTime('1d', now), either.right(now - 86_400n * second));
  assert.equal(parseTime('2w', now), either.right(now - 1_209_600n * second));
});

times('is refused if the calendar or the clock has none, or if it is invalid', () => {
  for (const text of [
    '2026-02-30',
    '2026-13-01',
    '2026-11-24T25:00:00Z',
    '2026-11-24T10:00:00+24:00',
    'yesterday',
    '',
    '5',
    '2x ago',
  ])
    assert.match(either.isLeft(parseTime(text, now)) ? 'refused' : text, 'refused');
  const refused = parseTime('noon', now);
  assert.ok(either.isLeft(refused));
  assert.is(refused.left, 'noon: is no time: write it as 2026-11-24, 2026-11-24T18:30:00Z, "2h ago" or 10m');
});

times.run();

const moments = suite('moment argument');

moments('is a position or a time', () => {
  assert.equal(parseMoment('12', now), either.right({ position: 12 }));
  assert.equal(parseMoment('1m ago', now), either.right({ time: now - 60n * second }));
});

moments('is refused if it is neither', () => {
  assert.equal(parseMoment('0', now), either.left('0: is no position: they begin at 1'));
  assert.equal(
    parseMoment('99999999999999999999', now),
    either.left('99999999999999999999: is no position: they begin at 1'),
  );
  const refused = parseMoment('-3', now);
  assert.ok(either.isLeft(refused));
  assert.match(refused.left, /^-3: is neither a position nor a time/);
});

moments.run();
