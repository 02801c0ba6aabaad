import type { FleetImage, FleetIncident, FleetSnapshot, FleetStore, IncidentKind } from './fleet-database.ts';

// Times are nanoseconds since 1970 UTC, in whole microseconds. Unless a comment says otherwise, rows have no order.

/** A store as it was indexed. */
export interface StoreFacts extends Omit<FleetStore, 'fold' | 'head'> {
  /** of the last event that was indexed */
  readonly position: number;
  /** nothing of this store is indexed any more; `fault` says why */
  readonly stopped: boolean;
  /** when the last event was indexed, by the database's clock */
  readonly indexed: bigint | null;
}

/** What a namespace of a store held after the last event of a day. */
export interface StoreSize {
  readonly store: string;
  readonly namespace: string;
  readonly day: string;
  readonly snapshots: number;
  readonly bytes: number;
}

/** A snapshot of a store. */
export type SnapshotFacts = Omit<FleetSnapshot, 'fold' | 'inodes' | 'path'>;

/** An existing snapshot, and the keys of the actives and views on it, directly or on its descendants. */
export interface Holder extends SnapshotFacts {
  readonly containers: readonly string[];
}

/**
 * Names of a layer or snapshot: any of `names` as chain id, diff id, key or the client's part of a key; with `key` only
 * snapshots with exactly that key.
 */
export interface LayerNames {
  readonly names: readonly string[];
  readonly key?: string;
}

export interface IncidentSelection {
  readonly since: bigint | undefined;
  readonly until: bigint | undefined;
  readonly kind: IncidentKind | undefined;
  readonly store: string | undefined;
  /** the newest of these */
  readonly lines: number;
}

/** Sums over a day, or over what exists now. */
export interface UsageSum {
  /** UTC, 2026-11-28; null: now */
  readonly day: string | null;
  /** the store's id, the namespace or the image's name */
  readonly by: string;
  /** stores that have any of it */
  readonly stores: number;
  readonly snapshots: number;
  readonly bytes: number;
  /** what that day added and removed; null: now */
  readonly bytesAdded: number | null;
  readonly bytesRemoved: number | null;
}

/** A layer that is unused on some stores, and what these copies take. */
export interface UnusedLayer {
  readonly layer: string;
  readonly stores: number;
  readonly bytes: number;
  /** when one of these copies was last used or committed; null if unknown */
  readonly lastUsed: bigint | null;
}

/**
 * The tables of the fleet, for questions. Reading suffices. Each method rejects with a Fault: `io` for a lost connection, `busy` for a
 * question that takes longer than 30 s, `unsupported` without the right to read, or for a schema of another release.
 */
export interface FleetQuestions {
  stores(): Promise<readonly StoreFacts[]>;
  /** The name of each store's node, by the store's id. */
  nodeNames(): Promise<ReadonlyMap<string, string>>;
  /** When the index last recorded how far it is, by the database's clock; null before the first time. */
  written(): Promise<bigint | null>;
  /** The newest sizes of each store and namespace, or the newest of the days before one. */
  sizes(before?: string): Promise<readonly StoreSize[]>;
  /** The existing snapshots with a name. */
  holders(wanted: LayerNames): Promise<readonly Holder[]>;
  /** The newest snapshots with a name, existing or not, oldest first. */
  history(wanted: LayerNames, lines: number): Promise<readonly SnapshotFacts[]>;
  /** At most `limit` different names, as in `LayerNames`, that begin with one of these texts, of existing snapshots or of all. */
  beginning(texts: readonly string[], of: 'existing' | 'all', limit: number): Promise<readonly string[]>;
  /** The images with a name or target digest, deleted ones too. */
  imagesNamed(name: string): Promise<readonly FleetImage[]>;
  /** Whether any image of any store is recorded. */
  hasImages(): Promise<boolean>;
  /** The names of the images, not deleted, whose top layer is one of these, or of all; by layer. */
  imagesOfLayers(layers: readonly string[] | undefined): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Newest first. */
  incidents(selection: IncidentSelection): Promise<readonly FleetIncident[]>;
  /** By day, oldest first: of the days from one on on which anything changed. */
  usageByDay(by: 'node' | 'namespace', since: string): Promise<readonly UsageSum[]>;
  /** Each image with all of its layers, those that it shares included. */
  usageByImage(): Promise<readonly UsageSum[]>;
  /** Committed layers that no active or view is on, and on which nothing was prepared nor committed since a time, nor on a descendant. */
  unused(since: bigint, store: string | undefined): Promise<readonly UnusedLayer[]>;
  /** The snapshots that a store has, or had at a time, by id. */
  snapshotsOf(store: string, at?: bigint): Promise<readonly SnapshotFacts[]>;
  /** The images of a store that are not deleted. */
  imagesOf(store: string): Promise<readonly FleetImage[]>;
  close(): Promise<void>;
}
