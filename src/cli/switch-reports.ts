// How a root passes between containerd and snapledger, and what was done.

/** How a root passes between containerd and snapledger. */
export interface SwitchOptions {
  /** `root` in containerd's configuration */
  readonly containerdRoot: string;
  /** what containerd calls its own snapshotter of this root */
  readonly snapshotter: string;
  readonly dryRun: boolean;
}

/** What a store is copied from. */
export interface ImportSource {
  readonly from: string;
  readonly driver: string | undefined;
}

interface Switched {
  readonly root: string;
  readonly committed: number;
  readonly actives: number;
  readonly views: number;
  /** of the committed snapshots */
  readonly bytes: number;
  /** containers and snapshots that containerd's own database names anew */
  readonly renamed: { readonly containers: number; readonly snapshots: number };
}

/** A takeover that was done, or would be. */
export interface TakeoverReport extends Switched {
  /** the root that the store was copied from; left out if that became the store itself */
  readonly from?: string;
  readonly done: 'taken over' | 'already' | 'resumed' | 'planned';
  /** id of the store; empty before it is made */
  readonly store: string;
  readonly lastId: number;
  /** digest of containerd's database of snapshots */
  readonly sha256: string;
  readonly odd: readonly { readonly path: string; readonly what: string }[];
}

/** A giveback that was done, or would be. */
export interface GivebackReport extends Switched {
  readonly done: 'given back' | 'already' | 'resumed' | 'planned';
  readonly retained: number;
  readonly retainedBytes: number;
  /** entries of `snapshots/` that are set aside: retained layers, and what waits for its deletion */
  readonly aside: number;
  /** directory of what was set aside, relative to the root; empty if nothing was */
  readonly kept: string;
}
