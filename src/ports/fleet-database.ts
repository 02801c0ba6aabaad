import type { Kind } from '../../events/codecs.ts';
import type { ClusterPosition, StoreHead } from './fleet-source.ts';

/** A snapshot of a store of the fleet, living or not. Times are nanoseconds since 1970 UTC; the database keeps microseconds. */
export interface FleetSnapshot {
  readonly store: string;
  readonly id: number;
  /** its key, or its name once it is committed */
  readonly key: string;
  readonly namespace: string;
  readonly kind: Kind;
  /** the parent's name, empty for none */
  readonly parent: string;
  readonly parentId: number | null;
  /** ids of its ancestors, as far as they are known, and its own: `/1/5/9`; only existing and retained snapshots have one */
  readonly path: string;
  /** containerd's name of a committed layer, empty if unknown */
  readonly chainId: string;
  readonly diffId: string | null;
  /** measured; null if it was not */
  readonly bytes: number | null;
  readonly inodes: number | null;
  /** who prepared it */
  readonly actor: string;
  /** null if that event is not known */
  readonly prepared: bigint | null;
  readonly committed: bigint | null;
  /** when a snapshot was last prepared, restored or (unpacked without a parent) committed on it */
  readonly lastUsed: bigint | null;
  /** null while it exists */
  readonly removed: bigint | null;
  readonly ended: 'removed' | 'undone' | 'lost' | null;
  /** removed, and its layer is still on disk */
  readonly retained: boolean;
  /**
   * JSON of the rows of a node's checkpoint (`projections/snapshot-rows.ts`) about this snapshot: what folding its next event needs.
   * Null if no later event changes anything: the row of a removed snapshot is final then, and is not replaced any more.
   */
  readonly fold: string | null;
}

/** What is known of a store apart from its snapshots. */
export interface FleetStore {
  readonly store: string;
  /** the node's name; empty before its first StoreOpened */
  readonly node: string;
  readonly driver: string;
  readonly version: string;
  readonly kernel: string;
  readonly fileSystem: string;
  /** size of the root's file system */
  readonly rootBytes: number | null;
  readonly root: string;
  readonly open: boolean;
  /** 1 for the first history of this store, one more whenever it started again */
  readonly lineage: number;
  /** first position of the history, above 1 if earlier ones have expired */
  readonly first: number;
  readonly head: StoreHead;
  /** time of the last event, by the node's clock, and when the cluster stored it, by the cluster's: nanoseconds */
  readonly lastEvent: bigint | null;
  readonly lastRecorded: bigint | null;
  /** events of a newer release that were kept aside */
  readonly unknown: number;
  /** why nothing more is indexed, empty otherwise; and what to do */
  readonly fault: string;
  readonly hint: string;
  /** JSON of what folding its next event needs; null before the first one. Only the indexer reads it. */
  readonly fold: string | null;
}

export type IncidentKind =
  | 'lost'
  | 'undone'
  | 'quarantined'
  | 'repaired'
  | 'crash'
  | 'power-cut'
  | 'rolled-back'
  | 'stopped';

export interface FleetIncident {
  readonly store: string;
  readonly position: number;
  readonly time: bigint;
  readonly kind: IncidentKind;
  readonly snapshot: number | null;
  readonly key: string;
  readonly text: string;
}

/**
 * What a day changed in a namespace of a store, and what was there after the day's last event. `prepared` counts snapshots that came into
 * existence: prepared, taken over or restored; `removed` those that ended, `lost` apart. A day is that of the events' own times.
 */
export interface FleetUsage {
  readonly store: string;
  /** UTC, 2026-11-28 */
  readonly day: string;
  readonly namespace: string;
  readonly prepared: number;
  readonly committed: number;
  readonly removed: number;
  readonly lost: number;
  readonly bytesAdded: number;
  readonly bytesRemoved: number;
  /** existing snapshots and their measured bytes */
  readonly snapshots: number;
  readonly bytes: number;
}

export interface FleetImage {
  readonly store: string;
  readonly namespace: string;
  readonly name: string;
  /** digest of what the name points to */
  readonly target: string;
  /** chain ids of its layers, the base layer's first; empty if they could not be read */
  readonly layers: readonly string[];
  readonly created: bigint;
  readonly updated: bigint;
  readonly deleted: bigint | null;
}

/** An event of a newer release. */
export interface KeptEvent {
  readonly store: string;
  readonly position: number;
  readonly type: string;
  /** the envelope, as JSON */
  readonly wire: string;
}

/** What one batch of events leads to. Rows replace those with the same key. No key is in it twice. */
export interface FleetChange {
  readonly at: ClusterPosition;
  /** Stores whose rows of every table are deleted first. */
  readonly restarted: readonly string[];
  readonly stores: readonly FleetStore[];
  readonly snapshots: readonly FleetSnapshot[];
  readonly incidents: readonly FleetIncident[];
  readonly usage: readonly FleetUsage[];
  readonly images: readonly FleetImage[];
  readonly kept: readonly KeptEvent[];
}

export type UsageRef = Pick<FleetUsage, 'store' | 'namespace' | 'day'>;

export type ImageRef = Pick<FleetImage, 'store' | 'namespace' | 'name'>;

export interface SnapshotRef {
  readonly store: string;
  readonly id: number;
}

/** Rows as they were applied. A reader may be used while `apply` is under way; it then sees all of that change or nothing. */
export interface FleetRows {
  /** The snapshots of these ids that are known and whose `fold` is not null. */
  snapshots(ids: readonly SnapshotRef[]): Promise<readonly FleetSnapshot[]>;
  /** All snapshots of a store whose `fold` is not null: for an event that concerns all of them. */
  snapshotsOf(store: string): Promise<readonly FleetSnapshot[]>;
  /** Those rows of these days that exist. */
  usage(wanted: readonly UsageRef[]): Promise<readonly FleetUsage[]>;
  /** Images by store, namespace and name. */
  images(wanted: readonly ImageRef[]): Promise<readonly FleetImage[]>;
}

/** The tables of the fleet, for the one process that writes them. After a rejection it is closed, and another one opened. */
export interface FleetDatabase extends FleetRows {
  /** Where to go on, and each store as it was indexed. */
  progress(): Promise<{ readonly at: ClusterPosition | undefined; readonly stores: readonly FleetStore[] }>;
  /**
   * Everything in one transaction, the position too: after a crash of either side all of it is there or nothing. Throws a Fault
   * (`busy`) if the position is not the one that was read or written here last: another process has written.
   */
  apply(change: FleetChange): Promise<void>;
  /** Drops the rows of snapshots that were removed in a month that ended before a time. Returns these months, as `2026_11`. */
  dropRemovedBefore(time: bigint): Promise<readonly string[]>;
  /** Replaces the tables that are read by those that were filled beside them, in one transaction. */
  swap(): Promise<void>;
  close(): Promise<void>;
}
