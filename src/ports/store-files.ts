import type { CheckpointStore } from './checkpoint-store.ts';
import type { ReadableLog } from './readable-log.ts';

/** A store as it can be looked at, whether a daemon is at work on it or not. Nothing of it is changed. */
export interface StoreFiles {
  openLog(): Promise<ReadableLog>;
  openCheckpoints(): Promise<Pick<CheckpointStore, 'load'>>;
}
