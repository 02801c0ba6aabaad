import { basename, join } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import type { Damage } from '../format/damage.ts';
import { formatHeader, genesisHash, type Header } from '../format/header.ts';
import { chain } from '../format/line.ts';
import { startOf } from '../format/segment.ts';
import { segmentName, segmentNames } from '../format/segment-name.ts';
import { type FoundRecord, findRecord } from '../read/find-record.ts';
import { withFile } from '../read/load-segments.ts';
import { readHeader } from '../read/read-header.ts';
import type { SegmentFile } from '../read/segment-file.ts';
import { checkBeginning, checkSeam } from '../verify/check-seams.ts';
import { widened } from '../verify/inspect-segment.ts';
import { positionIn } from '../verify/verify-block.ts';
import type { Cursor } from '../write/cursor.ts';
import { chainHashAfter, type Piece } from './piece.ts';
import { walkPiece } from './walk-piece.ts';

/** All that is readable of a log. */
export interface Survey {
  readonly directory: string;
  readonly store: string;
  /** in the order of the files; a log without damage is one piece a segment, each following from the one before */
  readonly pieces: readonly Piece[];
  /** what stands after the last piece and is no whole event */
  readonly rest: Damage | undefined;
  /** What stands there is what a crash leaves of a write: the next start cuts it off. */
  readonly torn: boolean;
}

interface Progress {
  readonly store: string;
  /** the chain hashes at these positions are wanted */
  readonly positions: ReadonlySet<number>;
  readonly pieces: Piece[];
  /** damage after the last piece */
  why: Damage | undefined;
  broken: boolean;
}

/** Where a piece begins. */
export type Beginning = Pick<Piece, 'header' | 'rebuilt' | 'head'> & { readonly at: Cursor };

/**
 * Reads every byte of a log and tells its whole stretches, whatever stands between them. `positions` are those whose
 * chain hashes are wanted. Rejects with `unsupported` for whole events that this release can't read: they are no damage.
 */
export async function surveyLog(directory: string, store: string, positions: ReadonlySet<number>): Promise<Survey> {
  const progress: Progress = { store, positions, pieces: [], why: undefined, broken: false };
  const names = segmentNames(directory);
  for (const name of names) {
    const path = join(directory, name);
    await withFile(path, (handle) => surveySegment(handle, path, progress));
  }
  const { pieces, why: rest } = progress;
  const torn = rest?.broken === true && basename(rest.file) === names.at(-1);
  return { directory, store, pieces, rest, torn };
}

async function surveySegment(handle: SegmentFile, path: string, progress: Progress): Promise<void> {
  const { size } = await handle.stat();
  for (let begin = await beginning(handle, path, size, progress); begin !== undefined; ) {
    progress.broken ||= progress.why !== undefined;
    const { positions, broken, why } = progress;
    const { damage, ...piece } = await walkPiece(handle, path, size, begin, { positions, listed: broken });
    progress.pieces.push({ ...piece, why });
    progress.why = damage;
    if (damage === undefined) return;
    const next = await findRecord(handle, damage.offset + (damage.broken ? 1 : 0), size);
    progress.why = widened(damage, next);
    begin = next === undefined ? undefined : atRecord(next);
  }
}

/** The file's header, the header that must have stood there, or the first whole event. */
async function beginning(
  handle: SegmentFile,
  path: string,
  size: number,
  progress: Progress,
): Promise<Beginning | undefined> {
  const last = progress.pieces.at(-1);
  const header = await readHeader(handle, path);
  if (either.isRight(header)) {
    progress.why ??= seam(last, path, header.right, progress.store);
    return { header: header.right, rebuilt: undefined, head: undefined, at: startOf(header.right) };
  }
  const found = await findRecord(handle, 0, size);
  const rebuilt =
    progress.why === undefined && found !== undefined ? mend(last, path, found, progress.store) : undefined;
  if (rebuilt !== undefined && found !== undefined)
    return {
      header: rebuilt,
      rebuilt: header.left,
      head: undefined,
      at: { ...startOf(rebuilt), offset: found.offset },
    };
  progress.why ??= header.left;
  return found === undefined ? undefined : atRecord(found);
}

function atRecord(head: FoundRecord): Beginning {
  const at = { position: positionIn(head.body), chain: head.hash, offset: head.next };
  return { header: undefined, rebuilt: undefined, head, at };
}

function seam(last: Piece | undefined, path: string, header: Header, store: string): Damage | undefined {
  return last === undefined
    ? checkBeginning(header, path, undefined)
    : checkSeam(last.end, chainHashAfter(last), last.file, store, header);
}

/** All that a header says follows from what stands before it; that the first event follows from it proves it. */
function mend(last: Piece | undefined, path: string, found: FoundRecord, store: string): Header | undefined {
  const first = (last?.end.position ?? 0) + 1;
  const before = last === undefined ? genesisHash(store) : chainHashAfter(last);
  const { header } = formatHeader({ store, first, before });
  const fits = positionIn(found.body) === first && chain(header.hash, found.body) === found.hash;
  return fits && basename(path) === segmentName(first) ? header : undefined;
}
