import type { FileHandle } from 'node:fs/promises';
import type { Cursor } from './cursor.ts';
import type { Damage } from './damage.ts';
import { readLines } from './read-lines.ts';
import type { Segment } from './segment.ts';
import { type VerifiedRecord, verifyBlock } from './verify-block.ts';

export interface Walked {
  readonly records: readonly VerifiedRecord[];
  /** the bytes of their lines */
  readonly bytes: Buffer;
  /** the place after the last of the records */
  readonly end: Cursor;
  /** Ends the walk. */
  readonly damage?: Damage;
}

/** Verified records of a segment, a block at a time, from a known place up to byte `to()`, which is asked again each time. */
export async function* walkSegment(
  handle: FileHandle,
  { path, places }: Pick<Segment, 'path' | 'places'>,
  from: Cursor,
  to: () => number,
): AsyncGenerator<Walked> {
  for (let place = from; place.offset < to(); ) {
    const block = await readLines(handle, place.offset, to());
    const { records, end, flaw } = block.length === 0 ? nothingMore(place) : verifyBlock(block, place, places.note);
    const bytes = block.subarray(0, end.offset - place.offset);
    if (flaw === undefined) yield { records, bytes, end };
    else {
      yield { records, bytes, end, damage: { file: path, offset: end.offset, position: end.position + 1, ...flaw } };
      return;
    }
    place = end;
  }
}

const nothingMore = (end: Cursor) => ({
  records: [],
  end,
  flaw: { what: 'the file ends before the record', broken: true },
});
