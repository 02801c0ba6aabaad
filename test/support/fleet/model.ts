import { ownKeyOf } from '../../../projections/snapshot.ts';
import type { FleetSnapshot } from '../../../src/ports/fleet-database.ts';
import type { Fleet } from './arbitrary-fleet.ts';

// What the questions answer, computed from rows in the plainest way.

const exists = ({ removed }: FleetSnapshot) => removed === null;

const childrenOf = (fleet: Fleet, { store, id }: FleetSnapshot) =>
  fleet.snapshots.filter((row) => exists(row) && row.store === store && row.parentId === id);

export const isNamed = (name: string) => (row: FleetSnapshot) =>
  [row.chainId, row.diffId, row.key, ownKeyOf(row.key)].some((one) => one !== '' && one === name);

/** Keys of the actives and views on a layer. */
export const containersOn = (fleet: Fleet, row: FleetSnapshot): readonly string[] =>
  childrenOf(fleet, row).flatMap((child) => (child.kind === 'committed' ? containersOn(fleet, child) : [child.key]));

/** Store, id and containers of what has a name. */
export const holders = (fleet: Fleet, name: string) =>
  fleet.snapshots
    .filter((row) => exists(row) && isNamed(name)(row))
    .map((row) => [row.store, row.id, ...[...containersOn(fleet, row)].sort()]);

/** Ids and kinds of what a store had at a time. */
export const heldAt = (fleet: Fleet, store: string, time: bigint) =>
  fleet.snapshots
    .filter((row) => row.store === store && (row.prepared ?? row.committed ?? 0n) <= time)
    .filter((row) => row.removed === null || row.removed > time)
    .map(({ id, kind, committed }) => [id, committed !== null && committed > time ? 'active' : kind]);

const usedAt = ({ lastUsed, committed }: FleetSnapshot) =>
  lastUsed === null || (committed !== null && committed > lastUsed) ? committed : lastUsed;

const isUsed = (fleet: Fleet, row: FleetSnapshot, since: bigint): boolean =>
  row.kind !== 'committed' ||
  (usedAt(row) ?? 0n) >= since ||
  childrenOf(fleet, row).some((child) => isUsed(fleet, child, since));

/** Layer, stores, bytes and last use of unused layers. */
export function unused(fleet: Fleet, since: bigint) {
  const layers = new Map<string, FleetSnapshot[]>();
  for (const row of fleet.snapshots) {
    if (!exists(row) || isUsed(fleet, row, since)) continue;
    const name = row.chainId || ownKeyOf(row.key) || row.key;
    layers.set(name, [...(layers.get(name) ?? []), row]);
  }
  return [...layers].map(([layer, rows]) => ({
    layer,
    nodes: new Set(rows.map(({ store }) => store)).size,
    bytes: rows.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
    lastUsed: rows.map(usedAt).reduce((a, b) => (b === null || (a !== null && a > b) ? a : b), null),
  }));
}

/** The level of each store and namespace after a day. */
export const sizesOn = (fleet: Fleet, day: string) =>
  [...new Set(fleet.usage.map(({ store, namespace }) => `${store} ${namespace}`))].flatMap((place) => {
    const rows = fleet.usage.filter((row) => `${row.store} ${row.namespace}` === place && row.day <= day);
    const newest = [...rows].sort((a, b) => (a.day < b.day ? -1 : 1)).at(-1);
    return newest === undefined ? [] : [newest];
  });

/** Name, stores, snapshots and bytes, by store or namespace, after a day. */
export function usageOn(fleet: Fleet, day: string, by: 'store' | 'namespace') {
  const sizes = sizesOn(fleet, day);
  return [...new Set(sizes.map((size) => size[by]))].map((name) => {
    const own = sizes.filter((size) => size[by] === name);
    return {
      name,
      nodes: new Set(own.filter(({ snapshots }) => snapshots > 0).map(({ store }) => store)).size,
      snapshots: own.reduce((sum, { snapshots }) => sum + snapshots, 0),
      bytes: own.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  });
}

/** Names of what only one of two stores has, or that points elsewhere. */
export function difference(fleet: Fleet, left: string, right: string) {
  const of = (store: string) => [
    ...fleet.snapshots
      .filter((row) => exists(row) && row.store === store && row.kind === 'committed')
      .map((row) => `layer ${row.namespace} ${row.chainId || ownKeyOf(row.key)}`),
    ...fleet.images
      .filter((image) => image.store === store && image.deleted === null)
      .map((image) => `image ${image.namespace} ${image.name} ${image.target}`),
  ];
  const [a, b] = [of(left), of(right)];
  const only = [...a.filter((one) => !b.includes(one)), ...b.filter((one) => !a.includes(one))];
  return new Set(only.map((one) => one.split(' ').slice(0, 3).join(' ')));
}

/** Nodes, layers and bytes of each image. */
export function imageUsage(fleet: Fleet) {
  const sums = new Map<string, { readonly stores: Set<string>; snapshots: number; bytes: number }>();
  for (const image of fleet.images.filter(({ deleted }) => deleted === null))
    for (const row of fleet.snapshots) {
      const holds = row.store === image.store && row.namespace === image.namespace && row.kind === 'committed';
      const times = image.layers.filter((layer) => layer === row.chainId).length;
      if (!exists(row) || !holds || times === 0) continue;
      const sum = sums.get(image.name) ?? { stores: new Set(), snapshots: 0, bytes: 0 };
      sum.stores.add(row.store);
      sum.snapshots += times;
      sum.bytes += times * (row.bytes ?? 0);
      sums.set(image.name, sum);
    }
  return [...sums].map(([by, { stores, ...sum }]) => ({ by, nodes: stores.size, ...sum }));
}
