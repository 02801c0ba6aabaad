import type { FleetQuestions, UnusedLayer } from '../../../../ports/fleet-questions.ts';
import { dayOf, toText, toTime } from '../connection/text.ts';
import type { Ask } from './ask.ts';
import { ownKey } from './layers.ts';

/**
 * The existing snapshots of each store in one text, which is read faster than a row of a snapshot: `ID/PARENT` of a layer that was not
 * used nor committed since $2, and the parent's id of any other snapshot that has one. An index has all of it, but for the layers that
 * were last used on the day of $2, which is $1.
 */
const structure = `
  SELECT s.store, string_agg(CASE WHEN s.used_day > $1 OR s.used_day = $1 AND (
      SELECT greatest(c.last_used, c.committed) >= $2 FROM snapshot_current c WHERE c.store = s.store AND c.id = s.id
    ) THEN s.parent_id::text ELSE s.id || '/' || coalesce(s.parent_id, 0) END, ',')
  FROM snapshot_current s WHERE s.used_day IS NOT NULL AND ($3::text IS NULL OR s.store = $3) GROUP BY s.store`;

/** Sums of snapshots by layer: stores in $1, and the ids in each of them as a text in $2. */
const sums = `
  SELECT layer, count(*), sum(bytes)::int8, max(used) FROM (
    SELECT coalesce(nullif(s.chain_id, ''), ${ownKey}) AS layer, coalesce(sum(s.bytes), 0) AS bytes,
      max(greatest(s.last_used, s.committed)) AS used
    FROM unnest($1::text[], $2::text[]) AS u(store, ids) CROSS JOIN LATERAL unnest(string_to_array(u.ids, ',')::bigint[]) AS one(id)
    CROSS JOIN LATERAL (SELECT * FROM snapshot_current c WHERE c.store = u.store AND c.id = one.id OFFSET 0) s
    GROUP BY layer, u.store
  ) AS held GROUP BY layer`;

/** The ids of a store's layers that are not used, and that nothing used descends from. */
function unusedIds(snapshots: string): readonly number[] {
  const unused = new Map<number, number>();
  const usedParents: number[] = [];
  let [id, number] = [0, 0];
  const end = () => {
    if (id > 0) unused.set(id, number);
    else usedParents.push(number);
    [id, number] = [0, 0];
  };
  // By character: a fleet has hundreds of thousands of numbers, and a string for each would take most of the time.
  for (let at = 0; at < snapshots.length; at++) {
    const code = snapshots.charCodeAt(at);
    if (code === comma) end();
    else if (code === slash) [id, number] = [number, 0];
    else number = number * 10 + code - zero;
  }
  end();
  for (const parent of usedParents) {
    let used: number | undefined = parent;
    while (used !== undefined) {
      const next = unused.get(used);
      unused.delete(used);
      used = next;
    }
  }
  return [...unused.keys()];
}

const [comma, slash, zero] = [',', '/', '0'].map((text) => text.charCodeAt(0)) as [number, number, number];

export const createUnused = (ask: Ask): Pick<FleetQuestions, 'unused'> => ({
  unused: async (since, store = undefined) => {
    const rows = await ask(structure, [dayOf(since), toTime(since, ''), store === undefined ? null : toText(store)]);
    const unused = rows.map(
      ([name, snapshots]) => [toText(name as string), unusedIds((snapshots ?? '') as string).join(',')] as const,
    );
    const found = unused.filter(([, ids]) => ids !== '');
    if (found.length === 0) return [];
    // On two connections, since each layer is a step of an index.
    const half = Math.ceil(found.length / 2);
    const parts = [found.slice(0, half), found.slice(half)].filter(({ length }) => length > 0);
    const asked = parts.map((part) => ask(sums, [part.map(([name]) => name), part.map(([, ids]) => ids)]));
    return added((await Promise.all(asked)).flat());
  },
});

/** Sums over stores, from sums over some of them. */
function added(rows: readonly (readonly unknown[])[]): readonly UnusedLayer[] {
  const layers = new Map<string, UnusedLayer>();
  for (const row of rows) {
    const [layer, stores, bytes, lastUsed] = row as readonly [string, number, number, bigint | null];
    const other = layers.get(layer);
    layers.set(layer, {
      layer,
      stores: stores + (other?.stores ?? 0),
      bytes: bytes + (other?.bytes ?? 0),
      lastUsed: latest(lastUsed, other?.lastUsed ?? null),
    });
  }
  return [...layers.values()];
}

const latest = (a: bigint | null, b: bigint | null) => (a === null || (b !== null && b > a) ? b : a);
