import * as either from 'fp-ts/lib/Either.js';
import { decodeEnvelope } from '../../../events/envelope.ts';
import { evolveHistory, noHistory } from '../../../projections/snapshot-history.ts';
import type { EventsQuery } from './query.ts';
import type { Row } from './rows.ts';

/** Decides event by event, in order, whether a reader wants it. */
export type Chooser = (row: Row) => boolean;

/** The chooser of a request; undefined for one that wants everything from its position on. */
export function createChooser({ types, key }: EventsQuery, from: number): Chooser | undefined {
  if (types === undefined && key === undefined) return undefined;
  const concerns = key === undefined ? () => true : createHistoryChooser(key);
  // The history needs every event, so it is asked first.
  return (row) =>
    concerns(row) && row.position >= from && (types === undefined || (types as ReadonlySet<string>).has(row.type));
}

/** The life of all snapshots that ever stood under a key. Only what names the key or one of their ids is decoded. */
function createHistoryChooser(key: string): Chooser {
  const named = JSON.stringify(key);
  let history = noHistory(key);
  let ids: readonly string[] = [];
  return ({ text }) => {
    if (!text.includes(named) && !ids.some((id) => text.includes(id))) return false;
    const envelope = decodeEnvelope(JSON.parse(text));
    if (either.isLeft(envelope)) throw new Error(envelope.left);
    const next = evolveHistory(history, envelope.right);
    const concerned = next !== history;
    // What was chosen is not needed again: only the ids are.
    history = { ...next, events: [] };
    ids = [...history.ids].map((id) => `"id":"${id}"`);
    return concerned;
  };
}
