import type { Envelope } from '../../events/envelope.ts';
import type { EventLog } from './event-log.ts';

/** A log that another process may be writing meanwhile. Nothing on disk is changed, the lock is not asked for. */
export interface ReadableLog extends Pick<EventLog, 'end' | 'gone' | 'readEncoded' | 'chainHashAt' | 'close'> {
  /** As of an EventLog. What follows `upTo` is not wanted: it need not be prepared, but the last batch may reach beyond. */
  read(after: number, upTo?: number): AsyncIterable<readonly Envelope[]>;
  /**
   * Events after position 0, in order, among them every one whose fields hold any of the mentions; others may be among them
   * too. Quicker than reading all: what stands between them is not verified. A log that can't leaves it out.
   */
  search?(mentions: readonly Mention[]): AsyncIterable<readonly Envelope[]>;
  /**
   * Ranges of positions, in order and without overlap, that hold every event of a period; others may be among them. Stamps
   * need not rise with positions, since a clock may be set back. A log that can't leaves it out.
   */
  rangesIn?(period: Period): Promise<readonly PositionRange[]>;
}

/** Nanoseconds since 1970 UTC, both included; open where one is left out. */
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
