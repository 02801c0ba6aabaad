import type { Envelope, WireEnvelope } from '../../events/envelope.ts';
import type { Fault } from './fault.ts';

/** A position in a cluster's log of all streams. */
export interface ClusterPosition {
  readonly commit: bigint;
  readonly prepare: bigint;
}

/** The last event that a reader has of a store. */
export interface StoreHead {
  readonly position: number;
  readonly chainHash: string;
  /** Nothing of this store is delivered any more, until its history starts again. */
  readonly stopped: boolean;
}

interface Item {
  /** id of the store */
  readonly store: string;
  readonly at: ClusterPosition;
}

/** An event of a store, verified: it follows the one that was delivered before it. */
export interface FleetEvent extends Item {
  readonly kind: 'event';
  readonly envelope: Envelope;
  readonly chainHash: string;
  /** when the cluster stored it, by its clock: milliseconds since 1970 UTC, whole seconds */
  readonly recorded: number;
}

/** A verified event that this release does not know. Later ones of its store follow. */
export interface UnknownEvent extends Item {
  readonly kind: 'unknown';
  readonly wire: WireEnvelope;
  readonly chainHash: string;
  readonly recorded: number;
}

/**
 * A history of the store begins: the store is new, or it was rolled back and its events are others than those that were
 * delivered. Everything derived from earlier ones is void. Its events follow from `first` on, above 1 if earlier ones have expired.
 */
export interface HistoryStarts extends Item {
  readonly kind: 'starts';
  readonly first: number;
  /** why an earlier history ended; undefined for a store that was not known */
  readonly replaces: Fault | undefined;
}

/** Nothing more is delivered of this store: an event was changed, is missing, or was written by another program. */
export interface StoreStops extends Item {
  readonly kind: 'stops';
  readonly fault: Fault;
}

export type FleetItem = FleetEvent | UnknownEvent | HistoryStarts | StoreStops;

/**
 * The items of one store in a batch, in order. They are decoded each time that they are asked for: the decoded events of a whole batch would
 * be garbage that lives long.
 */
export interface StoreBatch {
  readonly store: string;
  /** how many they are */
  readonly count: number;
  items(): readonly FleetItem[];
}

/** Items in the order of the cluster. Order holds within a store; across stores nothing may rely on it. */
export interface FleetBatch<I = FleetItem> {
  readonly items: readonly I[];
  /** Where to go on after this batch; it also moves if nothing of any store was there. */
  readonly at: ClusterPosition;
  /** the reader has reached the end of what the cluster holds */
  readonly caughtUp: boolean;
}

export interface FleetRequest {
  /** undefined: from the beginning of the cluster */
  readonly after: ClusterPosition | undefined;
  /** of the stores that were delivered before, by store id */
  readonly heads: ReadonlyMap<string, StoreHead>;
  readonly signal: AbortSignal;
}

/** All stores of a cluster. */
export interface FleetSource<I = FleetItem> {
  /**
   * Batches after a position, first what is there, then what is added. Does not end by itself. A lost connection throws a
   * Fault (`io`, `busy`, `stopped`), and the reader retries from its last position. Any other Fault is final: `misuse` for a
   * string that the client does not accept, `unsupported` for wrong credentials or missing rights on `$all`, `corrupt` if the
   * cluster ends before `after`.
   */
  read(request: FleetRequest): AsyncIterable<FleetBatch<I>>;
  /** The cluster's address, without a password. */
  readonly where: string;
}

/** How far a reader of a fleet has come. */
export interface FleetProgress {
  readonly at: ClusterPosition;
  /** by store id */
  readonly heads: ReadonlyMap<string, StoreHead>;
}

/** Stores a reader's progress. */
export interface FleetCheckpoint {
  /** undefined if there is none yet */
  load(): Promise<FleetProgress | undefined>;
  /** Resolves when the progress would survive a crash. */
  save(progress: FleetProgress): Promise<void>;
}
