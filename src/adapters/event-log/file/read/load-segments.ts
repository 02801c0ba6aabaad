import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import type { Gone } from '../../../../ports/event-log.ts';
import { Fault } from '../../../../ports/fault.ts';
import { archivePath, readBeginning } from '../archive/archive-file.ts';
import { goneFrom, type Moved, readMoved, remainingNames } from '../archive/moved.ts';
import { type Damage, damageFault, throwDamage } from '../format/damage.ts';
import { chainHashOf, createSegment, type Segment, segmentName } from '../format/segment.ts';
import { unfinishedDamage } from '../repair/keep-aside.ts';
import { checkBeginning, checkSeam, lastCursor } from '../verify/check-seams.ts';
import { damageAfter, unfinishedFrom, type Walked } from '../verify/last-batch.ts';
import { walkSegment } from '../verify/verify-lines.ts';
import { endOfData, inMemory, readHeader, type SegmentFile, withSegment } from './segment-file.ts';

/** Bytes after the last whole batch: a write in progress, or a torn one. */
export interface Tail {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

export interface LoadedLog {
  readonly store: string;
  readonly segments: readonly Segment[];
  readonly last: Segment;
  readonly tail: Tail | null;
  /** archives that were moved away before the first segment */
  readonly gone: Gone | undefined;
}

/** As loadSegments; rejects with a Fault (`misuse`) if there is no log. */
export async function loadLog(directory: string): Promise<LoadedLog> {
  const loaded = await loadSegments(directory);
  if (loaded === undefined) throw noLog(directory);
  return loaded;
}

export const noLog = (directory: string) =>
  new Fault('misuse', `${directory}: holds no log`, { hint: 'name the root of a store, with --root' });

/**
 * Reads what is needed to continue a log: every header with the last record before it, and every byte of the last
 * segment. Changes nothing. Undefined if there is no segment; throws `corrupt` for damage other than a torn tail.
 */
export async function loadSegments(directory: string): Promise<LoadedLog | undefined> {
  throwDamage(unfinishedDamage(directory));
  const moved = readMoved(directory);
  const names = remainingNames(directory, moved);
  const lastName = names.at(-1);
  if (lastName === undefined) {
    throwDamage(emptied(directory, moved));
    return undefined;
  }
  const segments: Segment[] = [];
  const attach = (segment: Segment) => throwDamage(attached(segments.at(-1), segment, moved));
  for (const name of names.slice(0, -1)) segments.push(await completeSegment(directory, name, attach));
  return withSegment(join(directory, lastName), async (file) => {
    const last = await segmentIn(file, directory, lastName);
    attach(last);
    const tail = await verifyWhole(file, last);
    return { store: last.header.store, segments: [...segments, last], last, tail, gone: goneFrom(moved) };
  });
}

/** All segments but the last, which may be growing: only their headers and last records are read. */
export async function completeSegments(directory: string): Promise<readonly Segment[]> {
  const complete: Segment[] = [];
  for (const name of remainingNames(directory, readMoved(directory)).slice(0, -1))
    complete.push(await completeSegment(directory, name));
  return complete;
}

async function completeSegment(
  directory: string,
  name: string,
  check: (segment: Segment) => void = () => {},
): Promise<Segment> {
  const path = join(directory, name);
  if (!existsSync(path)) {
    // An archive names the segment's end. Its bytes are verified when they are read.
    const { end, head } = await readBeginning(archivePath(path));
    const segment = await segmentIn(inMemory(head), directory, name);
    check({ ...segment, end });
    segment.end = end;
    return segment;
  }
  return withSegment(path, async (file) => {
    const segment = await segmentIn(file, directory, name);
    check(segment);
    const offset = await endOfData(file);
    const end = await lastCursor(file, segment.header, offset);
    const what = 'the last record before this byte is cut short or damaged';
    if (end === undefined)
      throw damageFault({ file: path, offset, position: segment.header.first, what, broken: false });
    segment.end = end;
    return segment;
  });
}

/** The segment in a file, by its header only. */
export async function segmentIn(file: SegmentFile, directory: string, name: string): Promise<Segment> {
  const header = await readHeader(file, join(directory, name));
  if (either.isLeft(header)) throw damageFault(header.left);
  return createSegment(directory, header.right);
}

/** The damage between a segment and the one before it, or the archives that were moved away before it. */
export function attached(
  before: Segment | undefined,
  { path, header }: Segment,
  moved: Pick<Moved, 'moves'>,
): Damage | undefined {
  if (before === undefined) return checkBeginning(header, path, moved.moves.at(-1));
  const { end, header: previous } = before;
  return checkSeam({ ...end, chainHash: chainHashOf(end, previous), path: before.path, store: previous.store }, header);
}

/** After segments that were moved away, others must remain. */
function emptied(directory: string, { moves }: Moved): Damage | undefined {
  const last = moves.at(-1)?.last;
  if (last === undefined) return undefined;
  const what = 'all segments after those that were moved away are gone';
  return { file: join(directory, segmentName(last + 1)), offset: 0, position: last + 1, what, broken: false };
}

/** Verifies every byte of the last segment and sets its end after the last whole batch; returns what follows that. */
export async function verifyWhole(file: SegmentFile, segment: Segment): Promise<Tail | null> {
  const { path, offsets, end: from, header } = segment;
  const dataEnd = await endOfData(file);
  let walked: Walked = { end: from, batch: { start: from, end: from.offset }, dataEnd };
  for await (const block of walkSegment(file, path, { from, to: () => dataEnd, note: offsets.note }))
    walked = { ...block, dataEnd };
  segment.end = walked.end;
  const damage = damageAfter(path, walked);
  if (damage === undefined) return null;
  const end = await unfinishedFrom(file, path, header.version, walked);
  if (end === undefined) throw damageFault(damage);
  segment.end = end;
  return { file: path, offset: end.offset, bytes: dataEnd - end.offset };
}
