import { basename } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import type { Moved } from '../archive/moved.ts';
import type { Damage } from '../format/damage.ts';
import { decodeRecord } from '../format/decode-record.ts';
import type { Header } from '../format/header.ts';
import { chainHashOf, startOf } from '../format/segment.ts';
import { firstOf } from '../format/segment-name.ts';
import { type FoundRecord, findRecord } from '../read/find-record.ts';
import type { Tail } from '../read/load-segments.ts';
import { readHeader } from '../read/read-header.ts';
import type { SegmentFile } from '../read/segment-file.ts';
import { walkSegment } from '../read/walk-segment.ts';
import { type Cursor, createPlaces } from '../write/cursor.ts';
import { checkBeginning, checkSeam } from './check-seams.ts';
import { missing, positionIn, type VerifiedRecord } from './verify-block.ts';

/** Where a segment's last whole record left the chain. */
export interface InspectedEnd {
  readonly path: string;
  readonly store: string;
  readonly position: number;
  readonly chainHash: string;
  readonly offset: number;
}

interface Context {
  /** the end of the segment before, undefined for the first one; `unknown` after an archive that can't be read */
  readonly before: InspectedEnd | 'unknown' | undefined;
  /** what was moved away before the first segment */
  readonly moved: Pick<Moved, 'moves'>;
  readonly last: boolean;
  readonly report: (damage: Damage) => void;
}

interface InspectedSegment {
  readonly records: number;
  readonly bytes: number;
  readonly tail: Tail | null;
  readonly end: InspectedEnd;
  readonly header: Header | undefined;
}

/** Verifies one segment to its end, whatever is wrong in it. */
export async function inspectSegment(handle: SegmentFile, path: string, context: Context): Promise<InspectedSegment> {
  const { size } = await handle.stat();
  const header = await readHeader(handle, path);
  if (either.isLeft(header)) context.report(header.left);
  const seam = either.isRight(header) ? seamDamage(context, path, header.right) : undefined;
  if (seam !== undefined) context.report(seam);
  const start = either.isRight(header) ? afterHeader(header.right) : await afterDamagedHeader(handle, path, size);
  const { end, records, tail } = await walkWhole(handle, path, size, start, context);
  const chainHash = either.isRight(header) ? chainHashOf(end, header.right) : end.chain;
  const store = either.isRight(header) ? header.right.store : storeOf(context.before);
  return {
    ...{ records, bytes: size, tail, header: either.isRight(header) ? header.right : undefined },
    end: { path, store, position: end.position, chainHash, offset: size },
  };
}

const storeOf = (before: Context['before']) => (typeof before === 'object' ? before.store : '');

function seamDamage({ before, moved }: Context, path: string, header: Header): Damage | undefined {
  if (before === 'unknown') return undefined;
  if (before === undefined) return checkBeginning(header, path, moved.moves.at(-1));
  const end = { position: before.position, chain: before.chainHash, offset: before.offset };
  return checkSeam(end, before.chainHash, before.path, before.store || header.store, header);
}

const afterHeader = (header: Header): Start => ({ records: 0, end: startOf(header) });

/** The first whole record's own word is taken for what led to it; without any, nothing in the file can be verified. */
async function afterDamagedHeader(handle: SegmentFile, path: string, size: number): Promise<Start> {
  const found = await findRecord(handle, 0, size);
  return found === undefined
    ? { records: 0, end: { position: (firstOf(basename(path)) ?? 1) - 1, chain: '', offset: size } }
    : { records: 1, end: placeAfter(found) };
}

const placeAfter = ({ body, hash, next }: FoundRecord): Cursor => ({
  position: positionIn(body),
  chain: hash,
  offset: next,
});

/** Where the walk begins, and the whole records before that. */
interface Start {
  readonly records: number;
  readonly end: Cursor;
}

interface WalkedWhole extends Start {
  readonly tail: Tail | null;
}

/** Walks to the segment's end, past every damage that a whole record follows. */
async function walkWhole(
  handle: SegmentFile,
  path: string,
  size: number,
  start: Start,
  context: Context,
): Promise<WalkedWhole> {
  let { records, end } = start;
  while (end.offset < size) {
    const walked = await walkToDamage(handle, path, size, end, context);
    const { damage } = walked;
    records += walked.records;
    end = walked.end;
    if (damage === undefined) break;
    const next = await findRecord(handle, damage.offset + (damage.broken ? 1 : 0), size);
    if (next === undefined && damage.broken && context.last)
      return { records, end, tail: { file: path, offset: damage.offset, bytes: size - damage.offset } };
    context.report(widened(damage, next));
    if (next === undefined) break;
    records += 1;
    end = placeAfter(next);
  }
  return { records, end, tail: null };
}

async function walkToDamage(handle: SegmentFile, path: string, size: number, from: Cursor, { report }: Context) {
  let records = 0;
  let end = from;
  for await (const walked of walkSegment(handle, { path, places: createPlaces(from) }, from, () => size)) {
    for (const damage of undecodable(path, walked.records)) report(damage);
    records += walked.records.length;
    end = walked.end;
    if (walked.damage !== undefined) return { records, end, damage: walked.damage };
  }
  return { records, end };
}

/** Says which positions are lost where the next whole record is further on. */
export function widened(damage: Damage, next: { readonly body: string } | undefined): Damage {
  if (!damage.broken || next === undefined) return damage;
  const position = positionIn(next.body);
  return position > damage.position + 1
    ? { ...damage, what: `${damage.what}; ${missing(damage.position, position - 1)}` }
    : damage;
}

/** Whole records that this release can't decode. */
function undecodable(file: string, records: readonly VerifiedRecord[]): readonly Damage[] {
  return records.flatMap((record) => {
    const { offset, position } = record;
    const envelope = decodeRecord(record);
    return either.isLeft(envelope) ? [{ file, offset, position, what: envelope.left, broken: false }] : [];
  });
}
