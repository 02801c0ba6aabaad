import * as either from 'fp-ts/lib/Either.js';
import type { Envelope } from '../../events/envelope.ts';
import { parseTime } from '../app/audit/moment.ts';
import { createChooser, select } from '../app/audit/select-events.ts';
import { wallClock } from '../app/audit/state-at.ts';
import { Fault } from '../ports/fault.ts';
import type { ReadableLog } from '../ports/readable-log.ts';

interface Asked {
  readonly key?: string | undefined;
  readonly namespace?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly type?: ReadonlySet<string> | undefined;
  readonly from?: string | undefined;
  readonly lines?: string | undefined;
}

const usual = 1000;
const most = 10_000;

/** The newest of the events that are asked for: 1,000 unless `lines` says, at most 10,000. Rejects with a Fault (`misuse`). */
export async function selected(log: ReadableLog, asked: Asked): Promise<readonly Envelope[]> {
  const { key, namespace, type } = asked;
  const selection = {
    ...{ key, namespace, types: [...(type ?? [])] },
    from: numberIn('from', asked.from, Number.MAX_SAFE_INTEGER) ?? 1,
    newest: numberIn('lines', asked.lines, most) ?? usual,
    since: timeIn('since', asked.since),
    until: timeIn('until', asked.until),
  };
  const found: Envelope[] = [];
  for await (const batch of select(log, selection, createChooser(selection))) found.push(...batch);
  return found;
}

function numberIn(name: string, text: string | undefined, largest: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (/^[1-9]\d{0,15}$/.test(text) && number <= largest) return number;
  throw new Fault('misuse', `${name}: ${text}: is no whole number from 1 to ${largest}`, { hint: `leave ${name} out` });
}

function timeIn(name: string, text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  const time = parseTime(text, wallClock());
  if (either.isRight(time)) return time.right;
  throw new Fault('misuse', `${name}: ${time.left}`, { hint: 'a position goes with from' });
}
