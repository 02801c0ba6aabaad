import type { Envelope } from '../../events/envelope.ts';
import type { EventLog } from './event-log.ts';

/** A log that another process may be writing. Nothing on disk is changed, no lock is taken. */
export interface ReadableLog extends Pick<EventLog, 'end' | 'gone' | 'readEncoded' | 'chainHashAt' | 'close'> {
  /** id of the store whose log it is, if it is known without reading */
  readonly store?: string;
  /** As `EventLog.read`. Events after `upTo` need not be read, but the last batch may reach beyond. */
  read(after: number, upTo?: number): AsyncIterable<readonly Envelope[]>;
  /**
   * Every event with a field that equals any of the mentions, in order; others may be among them. Faster than reading all: the
   * events between them are not verified. Undefined if the log can't.
   */
  search?(mentions: readonly Mention[]): AsyncIterable<readonly Envelope[]>;
  /**
   * Ranges of positions, in order and without overlap, that contain every event of a period; others may be among them. Stamps
   * need not rise with positions, since a clock may be set back. Undefined if the log can't.
   */
  rangesIn?(period: Period): Promise<readonly PositionRange[]>;
  /** Blocks of some thousand positions in order, as far as their times are known without reading the events. */
  timedBlocks?(): Promise<readonly TimedBlock[]>;
}

/** A range of positions with the lowest and the highest stamp in it, nanoseconds since 1970 UTC. */
export interface TimedBlock extends PositionRange {
  readonly earliest: bigint;
  readonly latest: bigint;
}

/** Nanoseconds since 1970 UTC, both inclusive; open if one is undefined. */
export interface Period {
  readonly since?: bigint | undefined;
  readonly until?: bigint | undefined;
}

/** Both included. */
export interface PositionRange {
  readonly first: number;
  readonly last: number;
}

/** A field of an event's data with its value: `id` and `parentId` as a decimal string, as on the wire. */
export interface Mention {
  readonly field: 'id' | 'key' | 'name' | 'parentId';
  readonly value: string;
}
