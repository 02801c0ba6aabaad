import type { Envelope } from '../../events/envelope.ts';
import type { EventType } from '../../events/registry.ts';
import { Fault } from './fault.ts';

export interface SourceRequest {
  /** position of the last event that the reader has */
  readonly after: number;
  /** The reader received that event from this log: a log that ends before it is another one. */
  readonly seen: boolean;
  /** only these; undefined for all */
  readonly types: ReadonlySet<EventType> | undefined;
  readonly signal: AbortSignal;
}

/** The source of events for a reader outside the daemon. */
export interface EventSource {
  /**
   * Batches of events after a position, in order. Ends only if there will be no more events; a lost connection throws a Fault
   * (`io`, `busy`, `stopped`), and the reader retries. Any other Fault, or a PositionGone, is final.
   */
  read(request: SourceRequest): AsyncIterable<readonly Envelope[]>;
}

/** Stores a reader's progress. */
export interface ReaderCheckpoint {
  /** position of the last event that was processed, 0 for none */
  load(): Promise<number>;
  /** Resolves when the position would survive a crash. */
  save(position: number): Promise<void>;
}

/** A log that ends before an event that the reader has is an older copy, or was truncated by a repair. */
export const logBehind = (seen: number, end: number) =>
  new Fault('corrupt', `the log ends at position ${end}, but the reader has seen position ${seen}`, {
    hint: 'the log is an older copy, or a repair has truncated it: rebuild what was derived from it, without the checkpoint',
  });

/** A requested position is not in the log any more, or was lost. */
export class PositionGone extends Error {
  /** the first existing position after it */
  readonly first: number;

  constructor(position: number, first: number) {
    super(`position ${position} is gone: the first one after it is ${first}`);
    this.name = 'PositionGone';
    this.first = first;
  }
}
