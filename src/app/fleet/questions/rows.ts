import * as t from 'io-ts';
import { Decimal, Kind, MaybeId, Nanoseconds, Whole } from '../../../../events/codecs.ts';
import { nullable } from '../../queries/query.ts';

const time = nullable(Nanoseconds);
const where = { node: t.string, store: t.string };

/** `silent`: open, and the cluster has stored no event of it for long; `stopped`: its events are no longer indexed. */
const State = t.keyof({ open: null, closed: null, silent: null, stopped: null }, 'StoreState');

/** A store, with what it holds. `twice`: other stores have the same node name. Times: its newest event by the node's clock, and when the cluster stored it. */
export const NodeRow = t.strict(
  {
    ...where,
    twice: t.boolean,
    driver: t.string,
    version: t.string,
    kernel: t.string,
    fileSystem: t.string,
    rootBytes: nullable(Decimal),
    snapshots: Whole,
    bytes: Decimal,
    open: t.boolean,
    lastEvent: time,
    lastSeen: time,
    state: State,
    /** events of a newer release that were kept aside */
    unknown: Whole,
    fault: t.string,
    hint: t.string,
  },
  'FleetNode',
);
export type NodeRow = t.TypeOf<typeof NodeRow>;

const snapshot = {
  ...where,
  id: Decimal,
  key: t.string,
  kind: Kind,
  namespace: t.string,
  parent: t.string,
  parentId: MaybeId,
  /** empty if unknown */
  chainId: t.string,
  diffId: nullable(t.string),
  /** null: not measured */
  bytes: nullable(Decimal),
  actor: t.string,
  prepared: time,
  committed: time,
  lastUsed: time,
  removed: time,
  ended: nullable(t.keyof({ removed: null, undone: null, lost: null })),
  retained: t.boolean,
};

/** A snapshot of a node, existing or not. */
export const FleetSnapshotRow = t.strict(snapshot, 'FleetSnapshot');
export type FleetSnapshotRow = t.TypeOf<typeof FleetSnapshotRow>;

/**
 * A node that holds a layer: `since` is the time of its commit, or of its prepare. `image` is the name by which it was found.
 * `containers` are the keys of the actives and views on it, directly or on its descendants. Without a layer, `id` is null: only
 * the image's name is there.
 */
export const HolderRow = t.strict(
  {
    ...where,
    image: nullable(t.string),
    id: MaybeId,
    key: t.string,
    kind: nullable(Kind),
    namespace: t.string,
    chainId: t.string,
    diffId: nullable(t.string),
    bytes: nullable(Decimal),
    since: time,
    lastUsed: time,
    containers: t.readonlyArray(t.string),
  },
  'FleetHolder',
);
export type HolderRow = t.TypeOf<typeof HolderRow>;

export const IncidentRow = t.strict(
  {
    ...where,
    position: Decimal,
    time: Nanoseconds,
    kind: t.string,
    snapshot: MaybeId,
    key: t.string,
    text: t.string,
  },
  'FleetIncident',
);
export type IncidentRow = t.TypeOf<typeof IncidentRow>;

/** `by` is a node, a namespace or an image; `store` is empty but for a node. `nodes` have any of it. */
export const UsageRow = t.strict(
  {
    day: nullable(t.string),
    by: t.string,
    store: t.string,
    nodes: Whole,
    snapshots: Whole,
    bytes: Decimal,
    bytesAdded: nullable(Decimal),
    bytesRemoved: nullable(Decimal),
  },
  'FleetUsage',
);
export type UsageRow = t.TypeOf<typeof UsageRow>;

/** A layer that is unused on `nodes` nodes, the bytes of these copies, and the names of images whose top layer it is. */
export const UnusedRow = t.strict(
  { layer: t.string, images: t.readonlyArray(t.string), nodes: Whole, bytes: Decimal, lastUsed: time },
  'FleetUnused',
);
export type UnusedRow = t.TypeOf<typeof UnusedRow>;

/** A layer or image that only one of two nodes has, or that differs: an image's name that points elsewhere. */
export const NodeChange = t.strict(
  {
    what: t.keyof({ layer: null, image: null }),
    namespace: t.string,
    /** the layer's chain id or name, or the image's name */
    name: t.string,
    /** bytes of the layer, or the image's target; null if it is not there */
    left: nullable(t.string),
    right: nullable(t.string),
  },
  'FleetChange',
);
export type NodeChange = t.TypeOf<typeof NodeChange>;

/** What a node held, by namespace, at a moment: `at` is the time asked for, rounded down to the beginning of its day in UTC. */
export const HeldRow = t.strict(
  { ...where, at: Nanoseconds, namespace: t.string, snapshots: Whole, bytes: Decimal },
  'FleetHeld',
);

/**
 * How far a node's forwarder and the index are behind. `event`: time of the newest event by the node's clock; `recorded`: when
 * the cluster stored it, by its clock; `indexed`: by the database's. `forwarding` is the time from event to recorded, `indexing`
 * from recorded to indexed, in nanoseconds; negative if clocks differ.
 */
export const LagRow = t.strict(
  {
    ...where,
    state: State,
    position: Decimal,
    event: time,
    recorded: time,
    indexed: time,
    forwarding: time,
    indexing: time,
    unknown: Whole,
    fault: t.string,
    hint: t.string,
  },
  'FleetLag',
);
export type LagRow = t.TypeOf<typeof LagRow>;
