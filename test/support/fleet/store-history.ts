import type { Envelope, WireEnvelope } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import { childrenOf } from '../../../projections/parent-graph.ts';
import { emptyState, evolve, type State } from '../../../projections/state.ts';
import type { Command } from '../../../src/domain/commands.ts';
import { decide } from '../../../src/domain/decide.ts';
import { restorable } from '../../../src/domain/restore.ts';
import type { Random } from '../../torture/random.ts';
import { layerLabels, opened, sampleRoot } from '../sample-events.ts';

/** An event of this release, or of a newer one. */
export type Recorded =
  | { readonly kind: 'event'; readonly envelope: Envelope }
  | { readonly kind: 'unknown'; readonly wire: WireEnvelope };

/** The random history of a store: what a node could have recorded. */
export interface StoreHistory {
  readonly store: string;
  readonly log: readonly Recorded[];
  /** Records the next few events. */
  grow(): readonly Recorded[];
}

const rules = { viewsNeedParent: false, rebase: true, reparent: true, flushed: false, retain: true };
const namespaces = ['k8s.io', 'default', 'moby'] as const;
const digits = ['1', '2', '3', '4', '5', '6'] as const;
const hour = 3_600_000_000_000;
const first = 1_795_000_000_000_000_000n;

export interface HistoryOptions {
  /** Events of a newer release occur; default: true. */
  readonly unknown?: boolean;
  /** The store is imported into another root now and then; default: true. */
  readonly imports?: boolean;
}

export function createStoreHistory(
  store: string,
  random: Random,
  { unknown = true, imports = true }: HistoryOptions = {},
): StoreHistory {
  const state = emptyState();
  const log: Recorded[] = [];
  let time = first;
  const stamp = () => {
    // Clocks are off by days now and then, and run backwards.
    time += BigInt(Math.round(random.next() * hour * (random.chance(0.02) ? 24 * random.whole(-9, 9) : 1)));
    if (time < 0n) time = first;
    const position = log.length + 1;
    return { position, id: `${store}-${position}`, time, meta: { actor: random.pick(['containerd', 'operator']) } };
  };
  const record = (events: readonly Event[]) =>
    events.map((event): Recorded => {
      const envelope = { ...stamp(), event };
      evolve(state, envelope);
      const one = { kind: 'event', envelope } as const;
      log.push(one);
      return one;
    });
  const recordUnknown = (): readonly Recorded[] => {
    const { position, id, time: at, meta } = stamp();
    const wire = { position: String(position), id, time: String(at), type: 'LayerPinned.v1', meta, data: { id: '1' } };
    const one = { kind: 'unknown', wire } as const;
    log.push(one);
    state.position = position;
    return [one];
  };
  return {
    store,
    log,
    grow: () => {
      if (log.length === 0) return record(beginning(store, random));
      if (unknown && random.chance(0.03)) return recordUnknown();
      const events = nextEvents(state, random);
      return imports || events[0]?.type !== 'StoreImported' ? record(events) : [];
    },
  };
}

function beginning(store: string, random: Random): readonly Event[] {
  const created: Event = { type: 'StoreCreated', data: { store, driver: 'overlay', version: '0.2.0' } };
  const opening = openedBy(random, { clean: true });
  return random.chance(0.3) ? [created, ...takenOver(random), opening] : [created, opening];
}

function takenOver(random: Random): readonly Event[] {
  const [created, updated] = [first - 5n * BigInt(hour), first];
  const whole = { labels: layerLabels('1', '1'), created, updated } as const;
  const base = { id: 3, key: 'k8s.io/3/base', kind: 'committed', parent: '', parentId: null } as const;
  const on = { parent: base.key, parentId: base.id, labels: {}, updated };
  return [
    {
      type: 'StoreTakenOver',
      data: {
        ...{ from: 'overlayfs', database: 'metadata.db/containerd.db', sha256: '9'.repeat(64) },
        ...{ committed: 1, actives: 2, views: 0, lastId: 9 },
      },
    },
    { type: 'SnapshotTakenOver', data: { ...base, ...whole, usage: { bytes: 4096 * random.whole(1, 99), inodes: 3 } } },
    ...[5, 7].map(
      (id): Event => ({
        type: 'SnapshotTakenOver',
        data: { ...on, id, key: `k8s.io/${id}/c${id}`, kind: 'active', created: created + BigInt(9 - id), usage: null },
      }),
    ),
  ];
}

function openedBy(random: Random, { clean }: { readonly clean: boolean }): Event {
  const event = opened(random.pick(['boot-1', 'boot-2']));
  const host = random.pick(['node-1', 'node-2']);
  if (event.type !== 'StoreOpened') return event;
  return { type: 'StoreOpened', data: { ...event.data, clean, found: { recreate: 1 }, root: { ...sampleRoot, host } } };
}

/** Weights of what happens next; what does not fit the state gives no event. */
const actions: readonly (readonly [number, (state: State, random: Random) => readonly Event[]])[] = [
  [30, (state, random) => command(state, prepare(state, random))],
  [16, (state, random) => command(state, commit(state, random))],
  [14, (state, random) => command(state, { type: 'Remove', key: anyKey(state, random) })],
  [5, (state, random) => command(state, update(state, random))],
  [12, (state, random) => ofSnapshot(state, random, (id) => measured(state, id, random))],
  [3, (state, random) => ofSnapshot(state, random, (id) => [{ type: 'VolumeFlushed', data: { id } }])],
  [8, (state, random) => purged(state, random)],
  [2, (state, random) => ofSnapshot(state, random, (id) => lost(state, id))],
  [3, (state, random) => undone(state, random)],
  [4, (state, random) => ended(state, random)],
  [4, (state, random) => restored(state, random)],
  [1, (_, random) => [openedBy(random, { clean: random.chance(0.5) })]],
  [1, () => [{ type: 'StoreClosed', data: { reason: 'SIGTERM' } }]],
  [1, () => [{ type: 'OrphanQuarantined', data: { path: 'snapshots/x', id: null, moved: 'quarantine/1', why: 'x' } }]],
  [1, () => [repaired]],
  [1, () => [{ type: 'StoreImported', data: { from: 'btrfs', driver: 'overlay', position: 1, volumes: true } }]],
  [5, (_, random) => [observed(random)]],
  [2, () => [{ type: 'ContainerdWatchChanged', data: { listening: true, gap: 1n } }]],
];
const total = actions.reduce((sum, [weight]) => sum + weight, 0);

function nextEvents(state: State, random: Random): readonly Event[] {
  let left = random.next() * total;
  for (const [weight, act] of actions) {
    left -= weight;
    if (left < 0) return act(state, random);
  }
  return [];
}

const command = (state: State, one: Command): readonly Event[] => decide(state, one, rules).events;

const anyKey = ({ index }: State, random: Random) => random.pickOf([...index.keys()]) ?? '';
const committedKey = ({ index }: State, random: Random) =>
  random.pickOf([...index.values()].filter(({ kind }) => kind === 'committed'))?.key ?? '';
const activeKey = ({ index }: State, random: Random) =>
  random.pickOf([...index.values()].filter(({ kind }) => kind === 'active'))?.key ?? '';
const nextKey = ({ storeInfo, position }: State, random: Random, own: string) =>
  random.chance(0.05) ? `${own}-${position}` : `${random.pick(namespaces)}/${storeInfo.lastId + position}/${own}`;

function prepare(state: State, random: Random): Command {
  const digit = random.pick(digits);
  return {
    ...{ type: 'Prepare', key: nextKey(state, random, 'extract'), kind: random.chance(0.1) ? 'view' : 'active' },
    parent: random.chance(0.3) ? '' : committedKey(state, random),
    labels: random.chance(0.6) ? layerLabels(digit, digit) : {},
  };
}

function commit(state: State, random: Random): Command {
  const digit = random.pick(digits);
  const key = activeKey(state, random);
  const parentless = state.index.get(key)?.parentId === null;
  return {
    ...{ type: 'Commit', key, name: nextKey(state, random, `sha256:${digit.repeat(64)}`) },
    parent: parentless && random.chance(0.5) ? committedKey(state, random) : '',
    labels: random.chance(0.5) ? layerLabels(digit, digit) : {},
    ...(random.chance(0.1) && { empty: { uid: 0, gid: 0, mode: 0o755, mtime: 5n } }),
  };
}

function update(state: State, random: Random): Command {
  const labels = random.chance(0.5) ? { a: String(random.whole(0, 9)) } : layerLabels(random.pick(digits), '1');
  return { type: 'Update', key: anyKey(state, random), labels, mask: [] };
}

/** Of one that exists or is retained. */
function ofSnapshot(state: State, random: Random, act: (id: number) => readonly Event[]): readonly Event[] {
  const id = random.pickOf([...state.volumes.wanted.keys(), ...state.volumes.retained.keys()]);
  return id === undefined ? [] : act(id);
}

/** Only layers are measured. */
function measured({ volumes }: State, id: number, random: Random): readonly Event[] {
  if ((volumes.wanted.get(id)?.kind ?? 'committed') !== 'committed') return [];
  const data = { id, bytes: 4096 * random.whole(0, 9999), inodes: random.whole(1, 99) };
  return [{ type: 'UsageMeasured', data }];
}

function purged({ volumes }: State, random: Random): readonly Event[] {
  const id = random.pickOf([...volumes.pendingPurge.keys()]);
  return id === undefined ? [] : [{ type: 'VolumePurged', data: { id, why: 'removed', bytes: 4096 } }];
}

/** With its descendants, from the last ones on. */
function lost(state: State, id: number): readonly Event[] {
  const node = state.parentGraph.get(id);
  if (node === undefined) return [];
  const below = childrenOf(state.parentGraph, id).flatMap((child) => lost(state, child));
  return [...below, { type: 'VolumeLost', data: { id, key: node.key, why: 'its volume is missing' } }];
}

function undone(state: State, random: Random): readonly Event[] {
  const key = activeKey(state, random);
  const id = state.index.get(key)?.id;
  if (id === undefined) return [];
  const data = { id, key, step: 'create', error: 'EIO', left: `snapshots/${id}`, done: 'purge' };
  return [
    random.chance(0.5) ? { type: 'PrepareUndone', data } : { type: 'CommitUndone', data: { ...data, name: 'n' } },
  ];
}

function ended({ volumes }: State, random: Random): readonly Event[] {
  const layer = random.pickOf([...volumes.retained.values()])?.snapshot;
  return layer === undefined ? [] : [{ type: 'RetentionEnded', data: { id: layer.id, key: layer.key, why: 'age' } }];
}

function restored(state: State, random: Random): readonly Event[] {
  const layer = random.pickOf([...state.volumes.retained.values()]);
  const chain = layer === undefined ? undefined : restorable(state, String(layer.snapshot.id));
  if (chain === undefined || chain._tag === 'Left') return [];
  return chain.right.map(({ snapshot: { kind: _, updated: __, ...snapshot } }) => ({
    type: 'SnapshotRestored',
    data: { ...snapshot, why: 'restored' },
  }));
}

const repaired: Event = {
  type: 'LogRepaired',
  data: {
    ...{ file: '1.log', offset: 1, what: 'damaged', done: 'rebuilt', first: 1, last: 2 },
    ...{ readable: 2, unreadable: 0, kept: 'log/damaged-1', lastId: 1 },
  },
};

/** A few images that are pulled, retagged and deleted. */
function observed(random: Random): Event {
  const topic = random.pick(['/images/create', '/images/update', '/images/delete'] as const);
  const about = {
    topic,
    namespace: random.pick(namespaces),
    name: `docker.io/library/x:${random.whole(1, 3)}`,
    at: first,
  };
  if (topic === '/images/delete') return { type: 'ContainerdObserved', data: about };
  const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
  const layers = random.chance(0.2) ? null : [digest(random.pick(digits)), digest(random.pick(digits))];
  const image = { target: digest(random.pick(digits)), layers, created: first - BigInt(random.whole(0, 999)) };
  return { type: 'ContainerdObserved', data: random.chance(0.1) ? about : { ...about, image } };
}
