import type { Envelope } from '../../../events/envelope.ts';
import { evolveHistory, noHistory } from '../../../projections/snapshot-history.ts';
import type { Mention, ReadableLog } from '../../ports/readable-log.ts';

type Batches = AsyncIterable<readonly Envelope[]>;

const named = (key: string): readonly Mention[] => [
  { field: 'key', value: key },
  { field: 'name', value: key },
];

/** What mentions ids: events of these snapshots, and those that were prepared on them. */
export const ofIds = (ids: Iterable<number>): readonly Mention[] =>
  [...ids].flatMap((id) => [
    { field: 'id', value: String(id) } as const,
    { field: 'parentId', value: String(id) } as const,
  ]);

/** Events in order, with all that mention any of these things among them. */
export function mentioning(log: ReadableLog, mentions: readonly Mention[]): Batches {
  return log.search?.(mentions) ?? log.read(0);
}

/** The numbers of all snapshots that ever stood under a key or name. */
export async function idsOf(log: ReadableLog, key: string): Promise<ReadonlySet<number>> {
  let history = noHistory(key);
  for await (const batch of mentioning(log, named(key)))
    for (const envelope of batch) history = { ...evolveHistory(history, envelope), events: [] };
  return history.ids;
}

/** Events in order, with all in the lives of the snapshots under a key or name among them. */
export async function* aboutKey(log: ReadableLog, key: string): Batches {
  // Without a search the history of a key is found as it is read.
  const ids = log.search === undefined ? [] : await idsOf(log, key);
  yield* mentioning(log, [...named(key), ...ofIds(ids)]);
}
