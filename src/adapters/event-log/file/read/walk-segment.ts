import { type Damage, damageAt } from '../format/damage.ts';
import type { Segment } from '../format/segment.ts';
import { type Checked, type Flaw, type VerifiedBlock, verifyBlock } from '../verify/verify-block.ts';
import type { Cursor } from '../write/cursor.ts';
import { readLines } from './read-lines.ts';
import type { SegmentFile } from './segment-file.ts';

/** A checked block with the bytes of the lines that are in order; the damage ends the walk. */
export type Walked<B extends Checked> = B & { readonly bytes: Buffer; readonly damage?: Damage };

/** Checked blocks of a segment from a known place up to byte `to()`, which is asked again each time. */
export async function* walkBlocks<B extends Checked>(
  handle: SegmentFile,
  { path, places }: Pick<Segment, 'path' | 'places'>,
  { from, to }: { readonly from: Cursor; readonly to: () => number },
  check: (block: Buffer, from: Cursor, note: (cursor: Cursor) => void) => B,
): AsyncGenerator<Walked<B>> {
  let ahead: Promise<Buffer> | undefined;
  for (let place = from; place.offset < to(); ) {
    const block = await (ahead ?? readLines(handle, place.offset, to()));
    // The next block is read while this one is checked and worked on.
    const next = place.offset + block.length;
    ahead = block.length > 0 && next < to() ? readLines(handle, next, to()) : undefined;
    ahead?.catch(() => {});
    const checked = check(block, place, places.note);
    const { end } = checked;
    const flaw = block.length === 0 ? fileEnds : checked.flaw;
    const bytes = block.subarray(0, end.offset - place.offset);
    if (flaw !== undefined) {
      yield { ...checked, bytes, damage: damageAt(path, end, flaw) };
      return;
    }
    yield { ...checked, bytes };
    place = end;
  }
}

/** Of a line that should be there and is not. */
export const fileEnds: Flaw = { what: 'the file ends before the record', broken: true };

/** Verified records of a segment, a block at a time. */
export function walkSegment(
  handle: SegmentFile,
  segment: Pick<Segment, 'path' | 'places'>,
  from: Cursor,
  to: () => number,
): AsyncGenerator<Walked<VerifiedBlock>> {
  return walkBlocks(handle, segment, { from, to }, verifyBlock);
}
