import { basename } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import type { Moved } from '../archive/moved.ts';
import { type Damage, missing } from '../format/damage.ts';
import type { Header } from '../format/header.ts';
import { decodeBody, positionIn } from '../format/line.ts';
import { type Cursor, chainHashOf, firstOf, startOf } from '../format/segment.ts';
import type { Tail } from '../read/load-segments.ts';
import { endOfData, type FoundRecord, findRecord, readHeader, type SegmentFile } from '../read/segment-file.ts';
import { checkBeginning, checkSeam, type SegmentEnd } from './check-seams.ts';
import { damageAfter, unfinishedFrom, type Walked } from './last-batch.ts';
import { bodyIn, linesIn, walkSegment } from './verify-lines.ts';

interface Context {
  /** the end of the segment before, undefined for the first one; `unknown` after an archive that can't be read */
  readonly before: SegmentEnd | 'unknown' | undefined;
  /** archives that were moved away before the first segment */
  readonly moved: Pick<Moved, 'moves'>;
  readonly last: boolean;
  readonly report: (damage: Damage) => void;
}

interface InspectedSegment {
  readonly records: number;
  readonly bytes: number;
  readonly tail: Tail | null;
  readonly end: SegmentEnd;
  readonly header: Header | undefined;
}

/** Verifies one segment to its end, past any damage. */
export async function inspectSegment(file: SegmentFile, path: string, context: Context): Promise<InspectedSegment> {
  const { before, report } = context;
  const size = await endOfData(file);
  const read = await readHeader(file, path);
  const header = either.isRight(read) ? read.right : undefined;
  const damage = either.isLeft(read) ? read.left : seamDamage(context, path, read.right);
  if (damage !== undefined) report(damage);
  const start = header ? { records: 0, end: startOf(header) } : await afterDamagedHeader(file, path, size);
  const { end, records, tail } = await walkWhole(file, path, size, start, {
    ...context,
    version: header?.version ?? 2,
  });
  const chainHash = header ? chainHashOf(end, header) : end.hash;
  const store = header?.store ?? (typeof before === 'object' ? before.store : '');
  return { records, bytes: size, tail, header, end: { path, store, position: end.position, chainHash, offset: size } };
}

function seamDamage({ before, moved }: Context, path: string, header: Header): Damage | undefined {
  if (before === 'unknown') return undefined;
  if (before === undefined) return checkBeginning(header, path, moved.moves.at(-1));
  return checkSeam({ ...before, store: before.store || header.store }, header);
}

/** Without a header the first whole record is trusted; without one, nothing in the file can be verified. */
async function afterDamagedHeader(file: SegmentFile, path: string, size: number): Promise<Start> {
  const found = await findRecord(file, 0, size);
  return found === undefined
    ? { records: 0, end: { position: (firstOf(basename(path)) ?? 1) - 1, hash: '', offset: size } }
    : { records: 1, end: cursorAfter(found) };
}

/** The cursor after a record that was found. */
export const cursorAfter = ({ body, hash, next }: FoundRecord): Cursor => ({
  position: positionIn(body),
  hash,
  offset: next,
});

/** The start of the walk, and the count of whole records before it. */
interface Start {
  readonly records: number;
  readonly end: Cursor;
}

/** Walks to the segment's end, past every damage that a whole record follows. */
async function walkWhole(
  file: SegmentFile,
  path: string,
  size: number,
  start: Start,
  { last, report, version }: Context & Pick<Header, 'version'>,
): Promise<Start & { readonly tail: Tail | null }> {
  let { records, end } = start;
  while (end.offset < size) {
    let walked: Walked = { end, batch: { start: end, end: end.offset }, dataEnd: size };
    for await (const block of walkSegment(file, path, { from: end, to: () => size })) {
      for (const { position, start: at, next } of linesIn(block)) {
        records += 1;
        const envelope = decodeBody(bodyIn(block.lines, { position, start: at, next }));
        const offset = block.start.offset + at;
        if (either.isLeft(envelope)) report({ file: path, offset, position, what: envelope.left, broken: false });
      }
      walked = { ...block, dataEnd: size };
    }
    end = walked.end;
    const damage = last ? damageAfter(path, walked) : walked.damage;
    if (damage === undefined) break;
    const unfinished = last ? await unfinishedFrom(file, path, version, walked) : undefined;
    if (unfinished !== undefined) {
      const { offset, position } = unfinished;
      const tail = { file: path, offset, bytes: size - offset };
      return { records: records - (end.position - position), end: unfinished, tail };
    }
    const next = await findRecord(file, damage.offset + (damage.broken ? 1 : 0), size);
    report(widened(damage, next));
    if (next === undefined) break;
    records += 1;
    end = cursorAfter(next);
  }
  return { records, end, tail: null };
}

/** Adds which positions are lost, if the next whole record is further on. */
export function widened(damage: Damage, next: { readonly body: string } | undefined): Damage {
  if (!damage.broken || next === undefined) return damage;
  const position = positionIn(next.body);
  return position > damage.position + 1
    ? { ...damage, what: `${damage.what}; ${missing(damage.position, position - 1)}` }
    : damage;
}
