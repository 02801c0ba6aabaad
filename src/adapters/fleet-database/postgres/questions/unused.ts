import type { FleetQuestions } from '../../../../ports/fleet-questions.ts';
import { toText, toTime } from '../connection/text.ts';
import type { Ask } from './ask.ts';
import { exists, ownKey } from './layers.ts';

/**
 * The existing snapshots of each store in one text, which is read faster than a row of a snapshot: `ID/PARENT` of a layer that was not
 * used nor committed since $1, and the parent's id of any other snapshot that has one. One text, since each sum over all takes long.
 */
const structure = `
  SELECT s.store, string_agg(CASE WHEN s.kind <> 'committed' OR greatest(s.last_used, s.committed) >= $1
    THEN s.parent_id::text ELSE s.id || '/' || coalesce(s.parent_id, 0) END, ',')
  FROM snapshot s WHERE ${exists('s')} AND ($2::text IS NULL OR s.store = $2) GROUP BY s.store`;

/** Sums of snapshots by layer: stores in $1, and the ids in each of them as a text in $2. */
const sums = `
  SELECT coalesce(nullif(s.chain_id, ''), ${ownKey}), count(DISTINCT s.store), coalesce(sum(s.bytes), 0)::int8,
    max(greatest(s.last_used, s.committed))
  FROM unnest($1::text[], $2::text[]) AS u(store, ids) CROSS JOIN LATERAL unnest(string_to_array(u.ids, ',')::bigint[]) AS one(id)
  CROSS JOIN LATERAL (SELECT * FROM snapshot c WHERE c.store = u.store AND c.id = one.id AND ${exists('c')} OFFSET 0) s
  GROUP BY 1`;

/** The ids of a store's layers that are not used, and that nothing used descends from. */
function unusedIds(snapshots: string): readonly number[] {
  const unused = new Map<number, number>();
  const usedParents = new Set<string>();
  for (const text of snapshots.split(',')) {
    const slash = text.indexOf('/');
    if (slash === -1) usedParents.add(text);
    else unused.set(Number(text.slice(0, slash)), Number(text.slice(slash + 1)));
  }
  for (const text of usedParents) {
    let used: number | undefined = Number(text);
    while (used !== undefined) {
      const parent = unused.get(used);
      unused.delete(used);
      used = parent;
    }
  }
  return [...unused.keys()];
}

export const createUnused = (ask: Ask): Pick<FleetQuestions, 'unused'> => ({
  unused: async (since, store = undefined) => {
    const rows = await ask(structure, [toTime(since, ''), store === undefined ? null : toText(store)]);
    const unused = rows.map(
      ([name, snapshots]) => [toText(name as string), unusedIds((snapshots ?? '') as string).join(',')] as const,
    );
    const found = unused.filter(([, ids]) => ids !== '');
    if (found.length === 0) return [];
    const layers = await ask(sums, [found.map(([name]) => name), found.map(([, ids]) => ids)]);
    return layers.map(([layer, stores, bytes, lastUsed]) => ({
      layer: layer as string,
      stores: stores as number,
      bytes: bytes as number,
      lastUsed: lastUsed as bigint | null,
    }));
  },
});
