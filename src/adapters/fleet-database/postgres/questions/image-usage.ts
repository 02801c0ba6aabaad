import type { FleetQuestions } from '../../../../ports/fleet-questions.ts';
import type { Ask } from './ask.ts';
import { exists } from './layers.ts';

/** Between the ids of stores. */
const separator = '\n';
const stores = (alias: string) => `string_agg(${alias}.store, E'\\n')`;

/**
 * Layers with the same name and size, and the stores that have them, in the order of an index; names that are too long for it have
 * another one. A join that numbers the stores would take twice as long.
 */
const layersThat = (condition: string) => `
  SELECT s.namespace, to_json(s.chain_id), coalesce(s.bytes, 0), ${stores('s')} FROM snapshot s
  WHERE ${exists('s')} AND s.kind = 'committed' AND s.chain_id <> ''
    AND ${condition} (octet_length(s.chain_id) + octet_length(s.namespace) <= 2000)
  GROUP BY s.chain_id, s.namespace, s.bytes`;
const layers = `${layersThat('')} UNION ALL ${layersThat('NOT')}`;

/** Images with the same name and layers, and the stores that have them. */
const images = `
  SELECT i.namespace, to_json(i.layers), i.name, ${stores('i')} FROM image i
  WHERE i.deleted IS NULL GROUP BY i.name, i.namespace, i.layers`;

type LayerRow = readonly [namespace: string, chainId: string, bytes: number, stores: string];
type ImageRow = readonly [namespace: string, layers: readonly string[], name: string, stores: string];

/** Snapshots with the same name and size. */
interface Layer {
  readonly bytes: number;
  readonly stores: readonly number[];
}

interface Sum {
  readonly stores: Set<number>;
  snapshots: number;
  bytes: number;
}

export const createImageUsage = (ask: Ask): Pick<FleetQuestions, 'usageByImage'> => ({
  usageByImage: async () => {
    const [held, named] = await Promise.all([ask(layers), ask(images)]);
    const numbers = createNumbers();
    const layersOf = layersIn(held as unknown as readonly LayerRow[], numbers);
    const sums = sumsOf(layersOf, named as unknown as readonly ImageRow[], numbers);
    return [...sums].map(([by, { stores, ...sum }]) => ({
      ...{ day: null, by, stores: stores.size, bytesAdded: null, bytesRemoved: null },
      ...sum,
    }));
  },
});

function sumsOf(
  layers: (namespace: string, chainId: string) => readonly Layer[],
  images: readonly ImageRow[],
  numbers: Numbers,
): ReadonlyMap<string, Sum> {
  const sums = new Map<string, Sum>();
  // By the number of a store: the image that is looked at, if the store has it, and if it counts for the image.
  const [wanted, counted]: [number[], number[]] = [[], []];
  for (const [at, [namespace, chainIds, name, stores]] of images.entries()) {
    const sum = sums.get(name) ?? { stores: new Set(), snapshots: 0, bytes: 0 };
    for (const store of numbers(stores)) wanted[store] = at;
    for (const chainId of chainIds)
      for (const layer of layers(namespace, chainId))
        for (const store of layer.stores) {
          if (wanted[store] !== at) continue;
          sum.snapshots += 1;
          sum.bytes += layer.bytes;
          if (counted[store] !== at) sum.stores.add(store);
          counted[store] = at;
        }
    if (sum.snapshots > 0) sums.set(name, sum);
  }
  return sums;
}

function layersIn(
  rows: readonly LayerRow[],
  numbers: Numbers,
): (namespace: string, chainId: string) => readonly Layer[] {
  const namespaces = new Map<string, Map<string, Layer[]>>();
  for (const [namespace, chainId, bytes, stores] of rows) {
    const layers = namespaces.get(namespace) ?? new Map<string, Layer[]>();
    namespaces.set(namespace, layers);
    const layer = { bytes, stores: numbers(stores) };
    const same = layers.get(chainId);
    if (same === undefined) layers.set(chainId, [layer]);
    else same.push(layer);
  }
  return (namespace, chainId) => namespaces.get(namespace)?.get(chainId) ?? [];
}

/** Numbers for the stores of a list, the same ones for the same stores. */
type Numbers = (list: string) => readonly number[];

function createNumbers(): Numbers {
  const known = new Map<string, number>();
  // Layers of one image are on the same stores, most of the time.
  const lists = new Map<string, readonly number[]>();
  const numberOf = (store: string) => {
    const number = known.get(store) ?? known.size;
    if (number === known.size) known.set(store, number);
    return number;
  };
  return (list) => {
    const seen = lists.get(list);
    if (seen !== undefined) return seen;
    const numbers = list.split(separator).map(numberOf);
    lists.set(list, numbers);
    return numbers;
  };
}
