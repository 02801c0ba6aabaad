import type { Envelope } from '../../events/envelope.ts';
import type { EventLog } from './event-log.ts';

/** A log that another process may be writing meanwhile. Nothing on disk is changed, the lock is not asked for. */
export interface ReadableLog extends Pick<EventLog, 'end' | 'read' | 'readEncoded' | 'markAt' | 'close'> {
  /**
   * Events after position 0, in order, among them every one whose fields hold any of the mentions; others may be among them
   * too. Quicker than reading all: what stands between them is not verified. A log that can't leaves it out.
   */
  search?(mentions: readonly Mention[]): AsyncIterable<readonly Envelope[]>;
  /** The last position whose event is not later than a time, 0 where there is none; a clock that was set back may blur it. */
  positionAt?(time: bigint): Promise<number>;
}

/** A field of an event's data with its value: `id` and `parentId` as a decimal string, as on the wire. */
export interface Mention {
  readonly field: 'id' | 'key' | 'name' | 'parentId';
  readonly value: string;
}
