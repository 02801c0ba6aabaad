import * as either from 'fp-ts/lib/Either.js';
import { Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import { lastUpTo, newestIn, rangesIn } from './read-events.ts';

/** A point of a log as an operator names it: a position, or a time in nanoseconds since 1970 UTC. */
type Moment = { readonly position: number } | { readonly time: bigint };

const billion = 1_000_000_000n;
const secondsIn: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const relative = /^(\d{1,9})\s*(s|m|h|d|w)(\s+ago)?$/;
const absolute = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*([Zz]|[+-]\d\d:\d\d)?)?$/;

/** How a time can be written. */
export const timeForms = '2026-11-24, 2026-11-24T18:30:00Z, "2h ago" or 10m';

/** Nanoseconds since 1970 UTC, to the millisecond: for queries, not for what is recorded. */
export const wallClock = (): bigint => BigInt(Date.now()) * 1_000_000n;

/** A time: RFC 3339, a date (its first moment in UTC), a date and time (UTC without a zone), "2h ago", "10m". Left: what is wrong. */
export function parseTime(text: string, now: bigint): either.Either<string, bigint> {
  const [, count, unit] = relative.exec(text) ?? [];
  if (count !== undefined && unit !== undefined)
    return either.right(now - BigInt(count) * BigInt(secondsIn[unit] ?? 0) * billion);
  const found = absolute.exec(text);
  const time = found === null ? undefined : absoluteTime(found);
  return time === undefined ? either.left(`${text}: is no time: write it as ${timeForms}`) : either.right(time);
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
    either.mapLeft(() => `${text}: is neither a position nor a time: write a time as ${timeForms}`)(
      parseTime(text, now),
    ),
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

/** The position of a moment: a position or a time, as `positionOf`. Rejects with a Fault (`misuse`) for any other text. */
export async function positionNamed(log: ReadableLog, text: string): Promise<number> {
  const now = wallClock();
  const moment = parseMoment(text, now);
  if (either.isRight(moment)) return positionOf(log, moment.right, now);
  throw new Fault('misuse', moment.left, { hint: '`snapledger log` shows positions and times' });
}

/**
 * The position of a moment. For a time it is the last event stamped at it or before; if the clock was set back and reached the
 * time again, the second pass counts. Rejects with a Fault (`misuse`) if the log has none.
 */
export async function positionOf(log: ReadableLog, moment: Moment, now: bigint): Promise<number> {
  const { position: end } = log.end;
  if ('position' in moment) {
    if (moment.position <= end) return moment.position;
    throw new Fault('misuse', `position ${moment.position}: the log ends at position ${end}`, {
      hint: `name a position from 1 to ${end}, or a time`,
    });
  }
  if (moment.time > now && !(await hasSince(log, moment.time)))
    throw new Fault('misuse', `${timeText(moment.time)}: is in the future`, { hint: 'name a time that has passed' });
  const position = await lastUpTo(log, moment.time);
  if (position > 0) return position;
  throw new Fault('misuse', `${timeText(moment.time)}: is before the log, which begins at ${await beginning(log)}`, {
    hint: 'name a later time, or position 1',
  });
}

/** A clock that was ahead leaves events with future time stamps. */
async function hasSince(log: ReadableLog, time: bigint): Promise<boolean> {
  const found = await newestIn(log, await rangesIn(log, { since: time }), (envelope) => envelope.time >= time, 1);
  return found.length > 0;
}

async function beginning(log: ReadableLog): Promise<string> {
  for await (const [first] of log.read(0)) if (first !== undefined) return timeText(first.time);
  return 'no event';
}

const timeText = (time: bigint) => new Date(Number(time / 1_000_000n)).toISOString();
