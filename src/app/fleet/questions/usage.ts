import { Fault } from '../../../ports/fault.ts';
import type { FleetQuestions, StoreSize, UsageSum } from '../../../ports/fleet-questions.ts';
import { type FleetSource, nodeNamed, nodeNames } from './nodes.ts';
import type { UnusedRow, UsageRow } from './rows.ts';
import { dayOf } from './states.ts';

export const groups = ['node', 'namespace', 'image'] as const;
export type Group = (typeof groups)[number];

/** Bytes and snapshots by node, namespace or image: what exists, most bytes first, or with `since` the days from then on, oldest first. */
export async function usageOf(
  source: FleetSource,
  { by, since }: { readonly by: Group; readonly since: bigint | undefined },
): Promise<readonly UsageRow[]> {
  const sums = await sumsOf(source, by, since);
  const named = await nodeNames(source);
  const rows = sums.map(({ stores, ...sum }) => ({
    ...sum,
    nodes: stores,
    by: by === 'node' ? named(sum.by).node : sum.by,
    store: by === 'node' ? sum.by : '',
  }));
  return since === undefined ? rows.sort((a, b) => b.bytes - a.bytes || (a.by < b.by ? -1 : 1)) : rows;
}

async function sumsOf({ fleet }: FleetSource, by: Group, since: bigint | undefined): Promise<readonly UsageSum[]> {
  if (by === 'image') {
    if (since !== undefined)
      throw new Fault('misuse', 'usage: images are not counted by day', {
        hint: 'leave --since out, or use --by namespace',
      });
    return fleet.usageByImage();
  }
  if (since !== undefined) return fleet.usageByDay(by, dayOf(since).day);
  const groups = new Map<string, StoreSize[]>();
  for (const size of await fleet.sizes()) {
    if (size.snapshots === 0) continue;
    const name = by === 'node' ? size.store : size.namespace;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [size]);
    else group.push(size);
  }
  return [...groups].map(([name, sizes]) => ({
    day: null,
    by: name,
    stores: new Set(sizes.map(({ store }) => store)).size,
    snapshots: sizes.reduce((sum, { snapshots }) => sum + snapshots, 0),
    bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0),
    bytesAdded: null,
    bytesRemoved: null,
  }));
}

/** Layers that were not used since a time, most bytes first, with the images whose top layer they are. */
export async function unusedSince(
  source: FleetSource,
  { since, node }: { readonly since: bigint; readonly node: string | undefined },
): Promise<readonly UnusedRow[]> {
  const { fleet } = source;
  const store = node === undefined ? undefined : nodeNamed(await fleet.stores(), node).store;
  const [layers, images] = await (store === undefined ? ofAll(fleet, since) : ofStore(fleet, since, store));
  return layers
    .map(({ stores, ...layer }) => ({ ...layer, nodes: stores, images: images.get(layer.layer) ?? [] }))
    .sort((a, b) => b.bytes - a.bytes || (a.layer < b.layer ? -1 : 1));
}

/** Of many layers it is faster to read the images of all meanwhile. */
const ofAll = (fleet: FleetQuestions, since: bigint) =>
  Promise.all([fleet.unused(since, undefined), fleet.imagesOfLayers(undefined)]);

async function ofStore(fleet: FleetQuestions, since: bigint, store: string) {
  const layers = await fleet.unused(since, store);
  return [layers, await fleet.imagesOfLayers(layers.map(({ layer }) => layer))] as const;
}
