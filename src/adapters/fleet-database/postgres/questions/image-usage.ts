import type { FleetQuestions } from '../../../../ports/fleet-questions.ts';
import type { Ask } from './ask.ts';
import { exists } from './layers.ts';

/**
 * A row for each layer, with the stores that have it and the bytes of it there, and one for each image, with the stores that have it.
 * Stores are numbered, and their lists are texts: a join of each image's layers on each store takes four times as long.
 */
const holdings = `
  WITH number AS MATERIALIZED (SELECT store, row_number() OVER () AS n FROM store)
  SELECT s.namespace, ARRAY[s.chain_id], NULL::text, string_agg(n::text, ','), string_agg(coalesce(s.bytes, 0)::text, ',')
  FROM snapshot s JOIN number USING (store)
  WHERE ${exists('s')} AND s.kind = 'committed' AND s.chain_id <> '' GROUP BY s.namespace, s.chain_id
  UNION ALL
  SELECT i.namespace, i.layers, i.name, string_agg(n::text, ','), NULL
  FROM image i JOIN number USING (store) WHERE i.deleted IS NULL GROUP BY i.namespace, i.layers, i.name`;

interface Sum {
  readonly stores: Set<number>;
  snapshots: number;
  bytes: number;
}

export const createImageUsage = (ask: Ask): Pick<FleetQuestions, 'usageByImage'> => ({
  usageByImage: async () => {
    const rows = (await ask(holdings)) as readonly (readonly [
      string,
      string[],
      string | null,
      string,
      string | null,
    ])[];
    const layers = new Map<string, BytesByStore>();
    const keyOf = (namespace: string, layer: string) => JSON.stringify([namespace, layer]);
    for (const [namespace, [layer = ''], image, stores, bytes] of rows)
      if (image === null) layers.set(keyOf(namespace, layer), bytesByStore(stores, bytes ?? ''));
    const sums = new Map<string, Sum>();
    for (const [namespace, own, image, stores] of rows) {
      if (image === null) continue;
      const sum = sums.get(image) ?? { stores: new Set(), snapshots: 0, bytes: 0 };
      const held = own.flatMap((layer) => layers.get(keyOf(namespace, layer)) ?? []);
      for (const store of stores.split(',')) addTo(sum, Number(store), held);
      if (sum.snapshots > 0) sums.set(image, sum);
    }
    return [...sums].map(([by, { stores, ...sum }]) => ({
      ...{ day: null, by, stores: stores.size, bytesAdded: null, bytesRemoved: null },
      ...sum,
    }));
  },
});

/** By the number of the store. */
type BytesByStore = ReadonlyMap<number, number>;

function bytesByStore(stores: string, bytes: string): BytesByStore {
  const each = bytes.split(',');
  const all = new Map<number, number>();
  for (const [at, text] of stores.split(',').entries()) {
    const store = Number(text);
    all.set(store, (all.get(store) ?? 0) + Number(each[at]));
  }
  return all;
}

function addTo(sum: Sum, store: number, layers: readonly BytesByStore[]): void {
  for (const layer of layers) {
    const bytes = layer.get(store);
    if (bytes === undefined) continue;
    sum.stores.add(store);
    sum.snapshots += 1;
    sum.bytes += bytes;
  }
}
