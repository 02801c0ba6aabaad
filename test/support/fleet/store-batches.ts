import type { FleetItem, StoreBatch } from '../../../src/ports/fleet-source.ts';

/** Items by store. Each counts as `weight`: a fold decodes so many at once. */
export function storeBatches(all: readonly FleetItem[], weight = 1): readonly StoreBatch[] {
  const stores = new Map<string, FleetItem[]>();
  for (const item of all) stores.set(item.store, [...(stores.get(item.store) ?? []), item]);
  return [...stores].map(([store, items]) => ({ store, count: items.length * weight, items: () => items }));
}
