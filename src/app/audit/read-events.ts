import type { Envelope } from '../../../events/envelope.ts';
import { evolveHistory, noHistory } from '../../../projections/snapshot-history.ts';
import type { Mention, Period, PositionRange, ReadableLog } from '../../ports/readable-log.ts';

type Batches = AsyncIterable<readonly Envelope[]>;

/** Positions that contain every event of a period; others may be among them, because clocks are set back. */
export async function rangesIn(log: ReadableLog, { since, until }: Period): Promise<readonly PositionRange[]> {
  const timed = since !== undefined || until !== undefined;
  if (timed && log.rangesIn !== undefined) return log.rangesIn({ since, until });
  return [{ first: 1, last: log.end.position }];
}

/** The chosen events of a range, in order. */
export async function* readRange(
  log: ReadableLog,
  { first, last }: PositionRange,
  choose: (envelope: Envelope) => boolean,
): Batches {
  if (first > last) return;
  for await (const batch of log.read(first - 1, last)) {
    const chosen = batch.filter((envelope) => envelope.position <= last && choose(envelope));
    if (chosen.length > 0) yield chosen;
    if ((batch.at(-1)?.position ?? 0) >= last) return;
  }
}

/** Events read at once, from the newest on; doubled each time, because starting in a segment is expensive. */
const firstRead = 512;

/** The newest `count` chosen events of some ranges, in order. Reads from the end, no further back than needed: `choose` is called out of order. */
export async function newestIn(
  log: ReadableLog,
  ranges: readonly PositionRange[],
  choose: (envelope: Envelope) => boolean,
  count: number,
): Promise<readonly Envelope[]> {
  let found: readonly Envelope[] = [];
  let length = Math.max(firstRead, count);
  for (const { first, last } of [...ranges].reverse())
    for (let to = last; to >= first; length *= 2) {
      const from = Math.max(first, to - length + 1);
      let newest: readonly Envelope[] = [];
      for await (const batch of readRange(log, { first: from, last: to }, choose))
        newest = [...newest, ...batch].slice(-count);
      found = [...newest, ...found].slice(-count);
      if (found.length === count) return found;
      to = from - 1;
    }
  return found;
}

/** The last position whose event is stamped at a time or before it, 0 for none. */
export async function lastUpTo(log: ReadableLog, time: bigint): Promise<number> {
  const ranges = await rangesIn(log, { until: time });
  const [last] = await newestIn(log, ranges, (envelope) => envelope.time <= time, 1);
  return last?.position ?? 0;
}

const namedBy = (key: string): readonly Mention[] => [
  { field: 'key', value: key },
  { field: 'name', value: key },
];

/** Events of these snapshots and of those prepared on them. */
export const ofIds = (ids: Iterable<number>): readonly Mention[] =>
  [...ids].flatMap((id) => [
    { field: 'id', value: String(id) } as const,
    { field: 'parentId', value: String(id) } as const,
  ]);

/** Events in order, among them all with any of the mentions. */
export function mentioning(log: ReadableLog, mentions: readonly Mention[]): Batches {
  return log.search?.(mentions) ?? log.read(0);
}

/** The ids of all snapshots that ever had a key or name. */
export async function idsOf(log: ReadableLog, key: string): Promise<ReadonlySet<number>> {
  let history = noHistory(key);
  for await (const batch of mentioning(log, namedBy(key)))
    for (const envelope of batch) history = { ...evolveHistory(history, envelope), events: [] };
  return history.ids;
}

/** Events in order, among them all about the snapshots that ever had a key or name. */
export async function* aboutKey(log: ReadableLog, key: string): Batches {
  // Without a search, the ids of a key are found while reading.
  const ids = log.search === undefined ? [] : await idsOf(log, key);
  yield* mentioning(log, [...namedBy(key), ...ofIds(ids)]);
}
