import type { Envelope } from '../../events/envelope.ts';
import type { Fault } from './fault.ts';

/** A position of a log, and the hash that covers all events up to it. Position 0 precedes the first event. */
export interface LogPosition {
  readonly position: number;
  readonly chainHash: string;
}

export interface AppendOptions {
  /** May use the disk space that is reserved for events which lead to space being freed. */
  readonly reserve?: boolean;
  /** `soon` waits for the next batch, at most a few milliseconds: for events that no client waits for. */
  readonly flush: 'now' | 'soon';
}

/** Encoded events without a gap, one a line: the JSON of each envelope. */
export interface EncodedEvents {
  /** position of the first of them */
  readonly first: number;
  readonly count: number;
  /** UTF-8, a line feed at the end of each line */
  readonly lines: Uint8Array;
}

/** A temporary fault of a log. */
export interface LogTrouble {
  readonly fault: Fault;
  /** which appends are refused meanwhile: none (they wait), those without `reserve`, or all */
  readonly refuses: 'none' | 'ordinary' | 'all';
}

/** Events at the beginning of a log that can't be read any more. */
export interface Gone {
  /** position of the last of them */
  readonly upTo: number;
  /** why, and what to do about it */
  readonly fault: Fault;
  /** the id of the store, which the first of them names */
  readonly store?: string;
}

/**
 * The ordered, durable list of all events of one store. One writer.
 *
 * The caller sets the positions: the first envelope of an append is `end.position + 1`, the others follow without a gap.
 * Appends may overlap; they are stored in the order of the calls, and calls that arrive while one flush runs share the next.
 */
export interface EventLog {
  /** The last event that was accepted, durable or not. */
  readonly end: LogPosition;
  /**
   * Resolves only when every envelope is on stable storage. Never throws. Promises settle in the order of the calls.
   *
   * Accepted: `end` has moved when the call returns. Refused: it has not, and the promise rejects with `no-space`, `read-only`,
   * `exhausted`, `stopped`, `too-large` for an event that this log can't hold, or a TypeError for a wrong position.
   *
   * An accepted append that rejects was rolled back, and so was every later one. `end` goes back to the last durable event in the
   * turn in which these promises are rejected. After a transient fault (`isTransient`) none of the events is in the log, and it
   * accepts further ones; after any other fault it is unknown whether they are, and the log is stopped until it is opened again.
   */
  append(envelopes: readonly Envelope[], options: AppendOptions): Promise<void>;
  /** Set if the log was opened without its first events: a checkpoint after them can replace them. */
  readonly gone?: Gone | undefined;
  /**
   * Reports temporary trouble at once and at every change, and undefined when it has ended. An append may wait until it ends;
   * a log that accepts none meanwhile rejects with `stopped`. Left out by a log without such a state.
   */
  onTrouble?(report: (trouble: LogTrouble | undefined) => void): void;
  /**
   * Batches of decoded envelopes after a position, in order, as far as the log is durable at the time of reading. Throws
   * `corrupt`, naming the position.
   */
  read(after: number): AsyncIterable<readonly Envelope[]>;
  /**
   * The same events as `read`, without decoding them: for readers that send them on. Left out by an adapter that stores nothing
   * encoded; `readEncoded` in src/app then encodes what it reads.
   */
  readEncoded?(after: number): AsyncIterable<EncodedEvents>;
  /** The chain hash at a position of this log, or undefined if the log does not hold that position. */
  chainHashAt(position: number): Promise<string | undefined>;
  /** Resolves when all that was accepted so far is on stable storage. */
  settled(): Promise<void>;
  /** Flushes, then releases everything. Idempotent. */
  close(): Promise<void>;
}

/** A log that was opened, and what opening changed. */
export interface LogOpening {
  readonly log: EventLog;
  /** The id of the store whose log it is: the caller's if the log is new. */
  readonly store: string;
  /** Bytes of a torn last record that were cut off and kept beside the log, with the file that keeps them. */
  readonly torn: { readonly bytes: number; readonly kept: string } | null;
}
