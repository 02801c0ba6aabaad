import { Fault } from '../../ports/fault.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import type { Moment } from './moment.ts';

/** The last position that is not later than a time, 0 where there is none. */
export async function lastUpTo(log: ReadableLog, time: bigint): Promise<number> {
  if (log.positionAt !== undefined) return log.positionAt(time);
  let position = 0;
  for await (const batch of log.read(0))
    for (const envelope of batch) {
      if (envelope.time > time) return position;
      position = envelope.position;
    }
  return position;
}

/** The position that a moment means: the last event not later than it. Rejects with a Fault (`misuse`) where the log has none. */
export async function positionOf(log: ReadableLog, moment: Moment, now: bigint): Promise<number> {
  const { position: end } = log.end;
  if ('position' in moment) {
    if (moment.position <= end) return moment.position;
    throw new Fault('misuse', `position ${moment.position}: the log ends at position ${end}`, {
      hint: `name a position from 1 to ${end}, or a time`,
    });
  }
  if (moment.time > now)
    throw new Fault('misuse', `${timeText(moment.time)}: lies ahead`, { hint: 'name a time that has passed' });
  const position = await lastUpTo(log, moment.time);
  if (position > 0) return position;
  throw new Fault('misuse', `${timeText(moment.time)}: lies before the log, which begins at ${await beginning(log)}`, {
    hint: 'name a later time, or position 1',
  });
}

async function beginning(log: ReadableLog): Promise<string> {
  for await (const [first] of log.read(0)) if (first !== undefined) return timeText(first.time);
  return 'no event';
}

const timeText = (time: bigint) => new Date(Number(time / 1_000_000n)).toISOString();
