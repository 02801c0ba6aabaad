import type { Damage } from '../format/damage.ts';
import type { Header } from '../format/header.ts';
import { chainHashOf, startOf } from '../format/segment.ts';
import type { FoundRecord } from '../read/find-record.ts';
import { positionIn } from '../verify/verify-block.ts';
import type { Cursor } from '../write/cursor.ts';

/** An event as far as a person needs to know it. */
export interface LogRecord {
  readonly position: number;
  readonly type: string;
  /** number of the snapshot that it is about, null for none */
  readonly id: number | null;
  /** key, name or path that it is about, empty for none */
  readonly about: string;
}

/** A stretch of whole lines in one file, each following from the one before. */
export interface Piece {
  readonly file: string;
  /** the file's header, where the piece begins with it */
  readonly header: Header | undefined;
  /** The header's bytes are damaged; what it said follows from what stands before and after it. */
  readonly rebuilt: Damage | undefined;
  /** what parts it from the piece before, undefined where it follows from that */
  readonly why: Damage | undefined;
  /** the first event, where the piece does not begin with a header */
  readonly head: FoundRecord | undefined;
  /** byte at which its first event begins */
  readonly from: number;
  /** the place after its last event */
  readonly end: Cursor;
  /** the places after those events that were asked for */
  readonly places: ReadonlyMap<number, Cursor>;
  /** its events, where damage stands before them: they may be lost */
  readonly records: readonly LogRecord[];
  /** the highest number of a snapshot that its events name */
  readonly lastId: number;
}

/** Position of a piece's first event, if it has one. */
export function firstPosition({ header, head }: Piece): number {
  if (header !== undefined) return startOf(header).position + 1;
  return head === undefined ? 0 : positionIn(head.body);
}

/** The chain hash after a piece's last event. */
export function chainHashAfter({ header, end }: Piece): string {
  return header === undefined ? end.chain : chainHashOf(end, header);
}
