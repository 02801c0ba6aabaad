import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import type { Gone } from '../../../../ports/event-log.ts';
import { faultOf } from '../../../../ports/fault.ts';
import { archiveDamage, archivePath, readBeginning } from '../archive/archive-file.ts';
import { goneFrom, type Moved, readMoved, remainingNames } from '../archive/moved.ts';
import { type Damage, damageFault } from '../format/damage.ts';
import { chainHashOf, createSegment, type Segment } from '../format/segment.ts';
import { segmentName } from '../format/segment-name.ts';
import { unfinishedDamage, unfinishedRepair } from '../repair/unfinished-repair.ts';
import { checkBeginning, checkSeam, lastPlace } from '../verify/check-seams.ts';
import { verifyLines } from '../verify/verify-encoded.ts';
import { findRecord } from './find-record.ts';
import { readHeader } from './read-header.ts';
import { openSegment, type SegmentFile } from './segment-file.ts';
import { walkBlocks } from './walk-segment.ts';

/** Bytes after the last whole record that hold no whole record: a write that is under way, or that a crash tore. */
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
  /** what was moved away before the first segment */
  readonly gone: Gone | undefined;
}

/**
 * Reads what is needed to go on with a log: all headers and the last record before each, and every byte of the last
 * segment. Changes nothing. Undefined where there is no segment; throws `corrupt` for damage other than a torn tail.
 */
export async function loadSegments(directory: string): Promise<LoadedLog | undefined> {
  if (unfinishedRepair(directory) !== undefined) throw damageFault(unfinishedDamage(directory));
  const moved = readMoved(directory);
  const names = remainingNames(directory, moved);
  if (names.length === 0) refuse(emptied(directory, moved));
  const segments: Segment[] = [];
  let tail: Tail | null = null;
  for (const [index, name] of names.entries()) {
    const path = join(directory, name);
    if (index < names.length - 1 && !existsSync(path)) {
      const archived = await archivedSegment(directory, path);
      refuse(attached(segments.at(-1), archived, moved));
      segments.push(archived);
      continue;
    }
    await withFile(path, async (handle) => {
      const segment = await segmentIn(handle, directory, path);
      refuse(attached(segments.at(-1), segment, moved));
      const { size } = await handle.stat();
      if (index < names.length - 1) segment.end = await finished(handle, segment, size);
      else tail = await verifyWhole(handle, segment, size);
      segments.push(segment);
    });
  }
  const last = segments.at(-1);
  if (last === undefined) return undefined;
  return { store: last.header.store, segments, last, tail, gone: goneFrom(moved) };
}

/** All segments but the last, which may be written: their headers and last records alone are read. */
export async function sealedSegments(directory: string): Promise<readonly Segment[]> {
  const sealed: Segment[] = [];
  for (const name of remainingNames(directory, readMoved(directory)).slice(0, -1)) {
    const path = join(directory, name);
    if (!existsSync(path)) {
      sealed.push(await archivedSegment(directory, path));
      continue;
    }
    await withFile(path, async (handle) => {
      const segment = await segmentIn(handle, directory, path);
      segment.end = await finished(handle, segment, (await handle.stat()).size);
      sealed.push(segment);
    });
  }
  return sealed;
}

/** Opens a file for reading for as long as the work takes. Rejects with a Fault. */
export async function withFile<T>(path: string, work: (handle: SegmentFile) => Promise<T>): Promise<T> {
  try {
    const handle = await openSegment(path);
    try {
      return await work(handle);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw faultOf(error, `log segment ${path}`);
  }
}

/** The segment in a file, as far as its header tells. */
export async function segmentIn(handle: SegmentFile, directory: string, path: string): Promise<Segment> {
  const header = await readHeader(handle, path);
  if (either.isLeft(header)) throw damageFault(header.left);
  return createSegment(directory, header.right);
}

/** An archived segment by what its archive says of itself: its bytes are inflated and verified when they are read. */
async function archivedSegment(directory: string, path: string): Promise<Segment> {
  const file = archivePath(path);
  const beginning = await readBeginning(file).catch((error) => {
    throw faultOf(error, `log archive ${file}`);
  });
  if (beginning === undefined) throw damageFault(archiveDamage(file, 'its beginning is not that of an archive'));
  const segment = await segmentIn(beginning.head, directory, path);
  segment.end = beginning.end;
  return segment;
}

/** What is wrong between a segment and the one before it, or what was moved away before it. */
export function attached(
  before: Segment | undefined,
  { path, header }: Segment,
  moved: Pick<Moved, 'moves'>,
): Damage | undefined {
  if (before === undefined) return checkBeginning(header, path, moved.moves.at(-1));
  return checkSeam(before.end, chainHashOf(before.end, before.header), before.path, before.header.store, header);
}

/** Where something was moved away, something remains. */
function emptied(directory: string, { moves }: Moved): Damage | undefined {
  const last = moves.at(-1)?.last;
  if (last === undefined) return undefined;
  const what = 'all segments after those that were moved away are gone';
  return { file: join(directory, segmentName(last + 1)), offset: 0, position: last + 1, what, broken: false };
}

const refuse = (damage: Damage | undefined) => {
  if (damage !== undefined) throw damageFault(damage);
};

async function finished(handle: SegmentFile, { header, path }: Segment, size: number) {
  const place = await lastPlace(handle, header, size);
  if (place !== undefined) return place;
  throw damageFault({
    file: path,
    offset: size,
    position: header.first,
    what: 'the last record before this byte is cut short or damaged',
    broken: false,
  });
}

/** Verifies every byte of the last segment, moves its end to the last whole record, and tells what stands after that. */
async function verifyWhole(handle: SegmentFile, segment: Segment, size: number): Promise<Tail | null> {
  const range = { from: segment.end, to: () => size };
  for await (const { end, damage } of walkBlocks(handle, segment, range, verifyLines)) {
    segment.end = end;
    if (damage === undefined) continue;
    if (!damage.broken || (await findRecord(handle, damage.offset + 1, size)) !== undefined) throw damageFault(damage);
    return { file: segment.path, offset: damage.offset, bytes: size - damage.offset };
  }
  return null;
}
