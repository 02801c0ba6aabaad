import type { CheckpointStore } from './checkpoint-store.ts';
import type { ReadableLog } from './readable-log.ts';

/** How much room a log takes. */
export interface LogFigures {
  readonly segments: number;
  /** of these, compressed ones */
  readonly archived: number;
  /** of all of them on disk */
  readonly bytes: number;
  /** of these, of the compressed ones */
  readonly archivedBytes: number;
}

/** A store as it can be looked at, whether a daemon is at work on it or not. Nothing of it is changed. */
export interface StoreFiles {
  openLog(): Promise<ReadableLog>;
  openCheckpoints(): Promise<Pick<CheckpointStore, 'load'>>;
  measureLog(): Promise<LogFigures>;
}
