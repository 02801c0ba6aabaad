import type { Envelope } from '../../../events/envelope.ts';
import type { Period, PositionRange, ReadableLog } from '../../ports/readable-log.ts';

type Batches = AsyncIterable<readonly Envelope[]>;

/** Positions that hold every event of a period; others may be among them, since clocks are set back. */
export async function rangesIn(log: ReadableLog, { since, until }: Period): Promise<readonly PositionRange[]> {
  const timed = since !== undefined || until !== undefined;
  if (timed && log.rangesIn !== undefined) return log.rangesIn({ since, until });
  return [{ first: 1, last: log.end.position }];
}

/** The events of a range that are chosen, in order. */
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

/** Events that are read at once, from the newest on; each time twice as many, since to begin in a segment has its price. */
const firstRead = 512;

/**
 * The newest `count` events of some ranges that are chosen, in order: reads from the end, and no further back than it has to.
 * `choose` is asked out of order.
 */
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

/** The last position whose event is stamped at a time or before it, 0 where there is none: whatever the clock did in between. */
export async function lastUpTo(log: ReadableLog, time: bigint): Promise<number> {
  const ranges = await rangesIn(log, { until: time });
  const [last] = await newestIn(log, ranges, (envelope) => envelope.time <= time, 1);
  return last?.position ?? 0;
}
