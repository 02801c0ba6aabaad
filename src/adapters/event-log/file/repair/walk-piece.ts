import * as either from 'fp-ts/lib/Either.js';
import type { Damage } from '../format/damage.ts';
import { decodeRecord, unreadable } from '../format/decode-record.ts';
import type { SegmentFile } from '../read/segment-file.ts';
import { walkSegment } from '../read/walk-segment.ts';
import { type Cursor, createPlaces } from '../write/cursor.ts';
import type { LogRecord, Piece } from './piece.ts';
import type { Beginning } from './survey-log.ts';

interface Wish {
  /** remember the places after these positions */
  readonly positions: ReadonlySet<number>;
  /** remember every event */
  readonly listed: boolean;
}

interface Line {
  readonly position: number;
  readonly hash: string;
  readonly body: string;
  readonly next: number;
}

/** Goes on from a piece's beginning to the last event that follows, and tells what stands there if it is not the end. */
export async function walkPiece(
  handle: SegmentFile,
  file: string,
  size: number,
  { at, header, rebuilt, head }: Beginning,
  { positions, listed }: Wish,
): Promise<Omit<Piece, 'why'> & { readonly damage: Damage | undefined }> {
  const places = new Map<number, Cursor>();
  const records: LogRecord[] = [];
  let lastId = 0;
  const note = ({ position, hash, body, next }: Line) => {
    const record = recordOf(file, position, body);
    lastId = Math.max(lastId, record.id ?? 0);
    if (listed) records.push(record);
    if (positions.has(position)) places.set(position, { position, chain: hash, offset: next });
  };
  if (head !== undefined) note({ ...head, position: at.position });
  let end = at;
  let damage: Damage | undefined;
  for await (const walked of walkSegment(handle, { path: file, places: createPlaces(at) }, at, () => size)) {
    for (const [index, record] of walked.records.entries())
      note({ ...record, next: walked.records[index + 1]?.offset ?? walked.end.offset });
    end = walked.end;
    damage = walked.damage;
  }
  return { file, header, rebuilt, head, from: head?.offset ?? at.offset, end, places, records, lastId, damage };
}

function recordOf(file: string, position: number, body: string): LogRecord {
  const envelope = decodeRecord({ body });
  if (either.isLeft(envelope)) throw unreadable(file, position, envelope.left);
  const { type, data } = envelope.right.event;
  const about = 'name' in data ? data.name : 'key' in data ? data.key : 'path' in data ? data.path : '';
  return { position, type, id: 'id' in data ? data.id : null, about };
}
