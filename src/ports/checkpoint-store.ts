import type { LogPosition } from './event-log.ts';

/** A state of the projections at a position of the log, as plain JSON rows. */
export interface Checkpoint {
  readonly at: LogPosition;
  /** Can be iterated repeatedly; each row is created when it is read. */
  readonly rows: Iterable<unknown>;
}

/**
 * Keeps the two newest checkpoints, and some older ones from which an earlier state is quickly replayed. All of them are
 * disposable: without one a start replays the whole log.
 */
export interface CheckpointStore {
  /** Atomic: a crash leaves the older ones. Never blocks the caller's event loop for more than a few milliseconds. */
  save(at: LogPosition, rows: Iterable<unknown>): Promise<void>;
  /**
   * Intact checkpoints of positions up to `upTo` (default all), newest first, each read when the iteration reaches it; damaged
   * ones are skipped and reported to `damaged`.
   */
  load(damaged: (file: string, why: string) => void, upTo?: number): AsyncIterable<Checkpoint>;
}
