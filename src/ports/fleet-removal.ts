import type { StoreFacts } from './fleet-questions.ts';

/** How many rows of each kind there are beside those of `store`. */
export interface StoreRows {
  readonly snapshots: number;
  readonly incidents: number;
  /** a namespace on a day */
  readonly usage: number;
  readonly images: number;
  /** events of a newer release */
  readonly kept: number;
}

/** A store that was removed from the fleet's tables, or would be. */
export interface Forgotten {
  readonly store: StoreFacts;
  readonly rows: StoreRows;
}

/** The fleet's tables, for the removal of a store beside the process that writes them. */
export interface FleetRemoval {
  /** The database's address, without a password. */
  readonly where: string;
  /**
   * Deletes all rows of the store that `choose` returns, in one transaction. The process that writes the tables then reads the stores
   * again before it writes anything. If `choose` throws, nothing is changed, and this rejects with what it threw.
   */
  remove(choose: ChooseStore): Promise<Forgotten>;
  /** What `remove` would delete. Reading suffices. */
  count(choose: ChooseStore): Promise<Forgotten>;
  close(): Promise<void>;
}

/** Given all stores. */
export type ChooseStore = (stores: readonly StoreFacts[]) => StoreFacts;
