import type { State } from '../../projections/state.ts';
import type { CheckpointStore } from './checkpoint-store.ts';
import type { ReadableLog } from './readable-log.ts';

/** The size of a log. */
export interface LogFigures {
  readonly segments: number;
  /** of these, compressed ones */
  readonly archived: number;
  /** of all of them on disk */
  readonly bytes: number;
  /** of these, of the compressed ones */
  readonly archivedBytes: number;
}

/** Read-only access to a store's files, with or without a running daemon. */
export interface StoreFiles {
  /** `known` was opened by this method before: of the same log only what was written since is verified. */
  openLog(known?: ReadableLog): Promise<ReadableLog>;
  openCheckpoints(): Promise<Pick<CheckpointStore, 'load'>>;
  measureLog(): Promise<LogFigures>;
  /** The state after a position, if states are kept in memory; left out if it has to be loaded. It must not be changed. */
  stateAfter?(position: number): Promise<State>;
}
