import { Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import type { Moment } from './moment.ts';
import { lastUpTo, newestIn, rangesIn } from './read-ranges.ts';

/**
 * The position that a moment means: of a time the last event that is stamped at it or before. Where the clock was set back
 * and came to the time again, that is the event of its last time. Rejects with a Fault (`misuse`) where the log has none.
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
    throw new Fault('misuse', `${timeText(moment.time)}: lies ahead`, { hint: 'name a time that has passed' });
  const position = await lastUpTo(log, moment.time);
  if (position > 0) return position;
  throw new Fault('misuse', `${timeText(moment.time)}: lies before the log, which begins at ${await beginning(log)}`, {
    hint: 'name a later time, or position 1',
  });
}

/** A clock that was ahead leaves events that seem to be still to come. */
async function hasSince(log: ReadableLog, time: bigint): Promise<boolean> {
  const found = await newestIn(log, await rangesIn(log, { since: time }), (envelope) => envelope.time >= time, 1);
  return found.length > 0;
}

async function beginning(log: ReadableLog): Promise<string> {
  for await (const [first] of log.read(0)) if (first !== undefined) return timeText(first.time);
  return 'no event';
}

const timeText = (time: bigint) => new Date(Number(time / 1_000_000n)).toISOString();
