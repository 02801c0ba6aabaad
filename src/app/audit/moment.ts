import * as either from 'fp-ts/lib/Either.js';

/** A point of a log as an operator names it: a position, or a time in nanoseconds since 1970 UTC. */
export type Moment = { readonly position: number } | { readonly time: bigint };

const billion = 1_000_000_000n;
const secondsIn: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const relative = /^(\d{1,9})\s*(s|m|h|d|w)(\s+ago)?$/;
const absolute = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*([Zz]|[+-]\d\d:\d\d)?)?$/;

const expected = 'as 2026-11-24, 2026-11-24T18:30:00Z, "2h ago" or 10m';

/** A time: RFC 3339, a date (its first moment in UTC), a date and time (UTC where no zone is given), "2h ago", "10m". Left: what is wrong. */
export function parseTime(text: string, now: bigint): either.Either<string, bigint> {
  const [, count, unit] = relative.exec(text) ?? [];
  if (count !== undefined && unit !== undefined)
    return either.right(now - BigInt(count) * BigInt(secondsIn[unit] ?? 0) * billion);
  const found = absolute.exec(text);
  const time = found === null ? undefined : absoluteTime(found);
  return time === undefined ? either.left(`${text}: is no time: write it ${expected}`) : either.right(time);
}

/** A position, or a time as `parseTime` takes it. */
export function parseMoment(text: string, now: bigint): either.Either<string, Moment> {
  if (/^\d+$/.test(text)) {
    const position = Number(text);
    return position >= 1 && Number.isSafeInteger(position)
      ? either.right({ position })
      : either.left(`${text}: is no position: they begin at 1`);
  }
  return either.map((time: bigint) => ({ time }))(
    either.mapLeft(() => `${text}: is neither a position nor a time: write a time ${expected}`)(parseTime(text, now)),
  );
}

/** Undefined for what the calendar or the clock does not have. */
function absoluteTime([
  ,
  year,
  month,
  day,
  hour = '00',
  minute = '00',
  second = '00',
  fraction = '',
  zone = 'Z',
]: RegExpExecArray) {
  const utc = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const milliseconds = Date.parse(utc);
  if (Number.isNaN(milliseconds) || new Date(milliseconds).toISOString() !== utc) return undefined;
  const ahead = offsetSeconds(zone);
  if (ahead === undefined) return undefined;
  return (BigInt(milliseconds / 1000) - BigInt(ahead)) * billion + BigInt(fraction.padEnd(9, '0'));
}

/** How far a zone is ahead of UTC. */
function offsetSeconds(zone: string): number | undefined {
  if (/^z$/i.test(zone)) return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4));
  if (hours > 23 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 3600 + minutes * 60);
}
