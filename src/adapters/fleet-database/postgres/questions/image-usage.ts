import type { FleetQuestions } from '../../../../ports/fleet-questions.ts';
import type { Ask } from './ask.ts';
import { exists } from './layers.ts';

/** A subquery and no CTE: the planner then knows its size, and hashes it instead of the snapshots. */
const number = '(SELECT store, row_number() OVER (ORDER BY store) AS n FROM store) AS number';

/**
 * A row for each layer and size of it, with the stores that have it so, and one for each image, with the stores that have it. Stores are
 * numbered, and lists of them are texts: a join of each image's layers on each store takes many times as long. Images are sorted by name
 * first, since lists of layers compare slowly.
 */
const holdings = `
  SELECT s.namespace, to_json(s.chain_id), NULL::text, string_agg(n::text, ','), coalesce(s.bytes, 0)
  FROM snapshot s JOIN ${number} USING (store)
  WHERE ${exists('s')} AND s.kind = 'committed' AND s.chain_id <> '' GROUP BY s.chain_id, s.bytes, s.namespace
  UNION ALL
  SELECT i.namespace, to_json(i.layers), i.name, string_agg(n::text, ','), 0
  FROM image i JOIN ${number} USING (store) WHERE i.deleted IS NULL GROUP BY i.name, i.namespace, i.layers`;

type Holding = readonly [
  namespace: string,
  layers: string | readonly string[],
  image: string | null,
  stores: string,
  bytes: number,
];

interface Sum {
  readonly stores: Set<number>;
  snapshots: number;
  bytes: number;
}

export const createImageUsage = (ask: Ask): Pick<FleetQuestions, 'usageByImage'> => ({
  usageByImage: async () => {
    const rows = (await ask(holdings)) as readonly Holding[];
    const layers = new Map<string, BytesByStore>();
    const keyOf = (namespace: string, layer: string) => JSON.stringify([namespace, layer]);
    for (const [namespace, layer, image, stores, bytes] of rows) {
      if (image !== null) continue;
      const key = keyOf(namespace, layer as string);
      const held: BytesByStore = layers.get(key) ?? new Map();
      for (const store of numbersOf(stores)) held.set(store, (held.get(store) ?? 0) + bytes);
      layers.set(key, held);
    }
    const sums = new Map<string, Sum>();
    for (const [namespace, own, image, stores] of rows) {
      if (image === null) continue;
      const sum = sums.get(image) ?? { stores: new Set(), snapshots: 0, bytes: 0 };
      const held = (own as readonly string[]).flatMap((layer) => layers.get(keyOf(namespace, layer)) ?? []);
      for (const store of numbersOf(stores)) addTo(sum, store, held);
      if (sum.snapshots > 0) sums.set(image, sum);
    }
    return [...sums].map(([by, { stores, ...sum }]) => ({
      ...{ day: null, by, stores: stores.size, bytesAdded: null, bytesRemoved: null },
      ...sum,
    }));
  },
});

/** By the number of the store. */
type BytesByStore = Map<number, number>;

const numbersOf = (texts: string): readonly number[] => texts.split(',').map(Number);

function addTo(sum: Sum, store: number, layers: readonly BytesByStore[]): void {
  for (const layer of layers) {
    const bytes = layer.get(store);
    if (bytes === undefined) continue;
    sum.stores.add(store);
    sum.snapshots += 1;
    sum.bytes += bytes;
  }
}
