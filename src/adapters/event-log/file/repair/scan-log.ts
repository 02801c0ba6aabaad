import { basename, join } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import type { Damage } from '../format/damage.ts';
import { type FormatVersion, formatHeader, formatVersions, genesisHash, type Header } from '../format/header.ts';
import { chain, decodedOrThrow, positionIn } from '../format/line.ts';
import { type Cursor, chainHashOf, segmentName, segmentNames, startOf } from '../format/segment.ts';
import {
  endOfData,
  type FoundRecord,
  findRecord,
  readHeader,
  type SegmentFile,
  withSegment,
} from '../read/segment-file.ts';
import { checkBeginning, checkSeam } from '../verify/check-seams.ts';
import { cursorAfter, widened } from '../verify/inspect-segment.ts';
import { damageAfter, unfinishedFrom, type Walked } from '../verify/last-batch.ts';
import { bodyIn, hashIn, linesIn, walkSegment } from '../verify/verify-lines.ts';

/** Summary of an event, for the operator. */
export interface LogRecord {
  readonly position: number;
  readonly type: string;
  /** id of the snapshot that it is about, null for none */
  readonly id: number | null;
  /** key, name or path that it is about, empty for none */
  readonly about: string;
}

/** The beginning of a piece: with a header, or with the first whole event after damage. */
interface Beginning {
  /** the file's header, if the piece begins with it */
  readonly header: Header | undefined;
  /** The damage to the header, whose content was derived from the lines before and after it. */
  readonly rebuilt: Damage | undefined;
  /** the first event, if the piece does not begin with a header */
  readonly head: FoundRecord | undefined;
  readonly at: Cursor;
}

/** Consecutive whole lines of one file, each following from the one before. */
export interface Piece extends Omit<Beginning, 'at'> {
  readonly file: string;
  /** what separates it from the piece before, undefined if it follows from that */
  readonly why: Damage | undefined;
  /** byte at which its first event begins */
  readonly from: number;
  /** after its last event */
  readonly end: Cursor;
  /** the requested cursors after its events */
  readonly cursors: ReadonlyMap<number, Cursor>;
  /** its events, if damage precedes them: they may be lost */
  readonly records: readonly LogRecord[];
  /** the highest snapshot id in its events */
  readonly lastId: number;
}

/** Position of a piece's first event, if it has one. */
export function firstPosition({ header, head }: Piece): number {
  if (header !== undefined) return startOf(header).position + 1;
  return head === undefined ? 0 : positionIn(head.body);
}

/** The chain hash after a piece's last event. */
export function chainHashAfter({ header, end }: Piece): string {
  return header === undefined ? end.hash : chainHashOf(end, header);
}

/** The readable pieces of a log. */
export interface LogScan {
  readonly directory: string;
  readonly store: string;
  /** in the order of the files; a log without damage has one piece a segment, each following from the one before */
  readonly pieces: readonly Piece[];
  /** damage after the last piece */
  readonly rest: Damage | undefined;
  /** The rest is a torn write: the next start truncates it. */
  readonly torn: boolean;
}

interface Progress {
  readonly store: string;
  /** positions whose cursors are requested */
  readonly positions: ReadonlySet<number>;
  readonly pieces: Piece[];
  /** damage after the last piece */
  why: Damage | undefined;
  broken: boolean;
  /** the segment being read is the last one */
  last: boolean;
  torn: boolean;
}

/**
 * Reads every byte of a log and returns its whole pieces, past any damage, with the cursors after the given positions.
 * Rejects with `unsupported` for whole events that this release can't read: they are not damage.
 */
export async function scanLog(directory: string, store: string, positions: ReadonlySet<number>): Promise<LogScan> {
  const progress: Progress = { store, positions, pieces: [], why: undefined, broken: false, last: false, torn: false };
  const names = segmentNames(directory);
  for (const name of names) {
    const path = join(directory, name);
    progress.last = name === names.at(-1);
    await withSegment(path, (file) => scanSegment(file, path, progress));
  }
  const { pieces, why: rest, torn } = progress;
  return { directory, store, pieces, rest, torn };
}

async function scanSegment(file: SegmentFile, path: string, progress: Progress): Promise<void> {
  const size = await endOfData(file);
  let version: FormatVersion = 2;
  for (let begin = await beginning(file, path, size, progress); begin !== undefined; ) {
    progress.broken ||= progress.why !== undefined;
    const { walked, ...piece } = await scanPiece(file, path, size, begin, progress);
    version = begin.header?.version ?? version;
    const damage = progress.last ? damageAfter(path, walked) : walked.damage;
    const unfinished = progress.last ? await unfinishedFrom(file, path, version, walked) : undefined;
    progress.pieces.push({ ...piece, end: unfinished ?? piece.end, why: progress.why });
    progress.why = damage;
    progress.torn = unfinished !== undefined;
    if (damage === undefined || progress.torn) return;
    const next = await findRecord(file, damage.offset + (damage.broken ? 1 : 0), size);
    progress.why = widened(damage, next);
    begin = next && atRecord(next);
  }
}

/** The file's header, a rebuilt header, or the first whole event. */
async function beginning(
  file: SegmentFile,
  path: string,
  size: number,
  progress: Progress,
): Promise<Beginning | undefined> {
  const { pieces, store } = progress;
  const last = pieces.at(-1);
  const header = await readHeader(file, path);
  if (either.isRight(header)) {
    progress.why ??= seam(last, path, header.right, store);
    return { header: header.right, rebuilt: undefined, head: undefined, at: startOf(header.right) };
  }
  const found = await findRecord(file, 0, size);
  const rebuilt = progress.why === undefined && found ? rebuild(last, path, found, store) : undefined;
  if (rebuilt !== undefined && found !== undefined)
    return {
      header: rebuilt,
      rebuilt: header.left,
      head: undefined,
      at: { ...startOf(rebuilt), offset: found.offset },
    };
  progress.why ??= header.left;
  return found && atRecord(found);
}

const atRecord = (head: FoundRecord): Beginning => ({
  ...{ header: undefined, rebuilt: undefined, head, at: cursorAfter(head) },
});

function seam(last: Piece | undefined, path: string, header: Header, store: string): Damage | undefined {
  if (last === undefined) return checkBeginning(header, path, undefined);
  return checkSeam({ ...last.end, chainHash: chainHashAfter(last), path: last.file, store }, header);
}

/** The header that was there before the damage, proven by the first event, which follows from it. */
function rebuild(last: Piece | undefined, path: string, found: FoundRecord, store: string): Header | undefined {
  const first = (last?.end.position ?? 0) + 1;
  const before = last === undefined ? genesisHash(store) : chainHashAfter(last);
  if (positionIn(found.body) !== first || basename(path) !== segmentName(first)) return undefined;
  return formatVersions
    .map((version) => formatHeader({ version, store, first, before }).header)
    .find((header) => chain(header.hash, found.body) === found.hash);
}

/** Continues from a piece's beginning to the last event that follows, and returns the damage after it, if it is not the end. */
async function scanPiece(
  file: SegmentFile,
  path: string,
  size: number,
  { at, header, rebuilt, head }: Beginning,
  { positions, broken }: Progress,
): Promise<Omit<Piece, 'why'> & { readonly walked: Walked }> {
  const cursors = new Map<number, Cursor>();
  const records: LogRecord[] = [];
  let lastId = 0;
  const note = (cursor: Cursor) => {
    if (positions.has(cursor.position)) cursors.set(cursor.position, cursor);
  };
  const add = (position: number, body: string) => {
    const record = recordOf(path, position, body);
    lastId = Math.max(lastId, record.id ?? 0);
    if (broken) records.push(record);
  };
  if (head !== undefined) {
    note(at);
    add(at.position, head.body);
  }
  let walked: Walked = { end: at, batch: { start: at, end: at.offset }, dataEnd: size };
  for await (const block of walkSegment(file, path, { from: at, to: () => size })) {
    for (const line of linesIn(block)) {
      const { position, next } = line;
      note({ position, hash: hashIn(block.lines, line), offset: block.start.offset + next });
      add(position, bodyIn(block.lines, line));
    }
    walked = { ...block, dataEnd: size };
  }
  const from = head?.offset ?? at.offset;
  return { file: path, header, rebuilt, head, from, end: walked.end, cursors, records, lastId, walked };
}

function recordOf(file: string, position: number, body: string): LogRecord {
  const { type, data } = decodedOrThrow(file, position, body).event;
  const about = 'name' in data ? data.name : 'key' in data ? data.key : 'path' in data ? data.path : '';
  return { position, type, id: 'id' in data ? data.id : null, about };
}
