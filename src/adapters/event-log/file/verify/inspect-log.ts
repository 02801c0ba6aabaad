import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Gone, LogPosition } from '../../../../ports/event-log.ts';
import { errorText, Fault, faultOf } from '../../../../ports/fault.ts';
import { archiveDamage, archivePath } from '../archive/archive-file.ts';
import { goneFrom, readMoved, remainingNames } from '../archive/moved.ts';
import { type Damage, damageHint, damageText } from '../format/damage.ts';
import { noLog, type Tail } from '../read/load-segments.ts';
import { openSegment, withSegment } from '../read/segment-file.ts';
import { unfinishedDamage } from '../repair/keep-aside.ts';
import { checkBase, type SegmentEnd } from './check-seams.ts';
import { inspectSegment } from './inspect-segment.ts';

/** One damage, for the operator. */
interface LogFinding extends Damage {
  readonly text: string;
  readonly hint: string;
}

/** Positions that a repair left out, according to the header of a segment. */
interface KnownGap {
  readonly file: string;
  readonly first: number;
  readonly last: number;
}

/** The result of checking every byte of a log's files. */
interface LogInspection {
  /** id of the store, empty if no header is readable */
  readonly store: string;
  readonly segments: number;
  /** whole ones */
  readonly records: number;
  readonly bytes: number;
  /** the last whole record's position */
  readonly position: number;
  readonly head: LogPosition;
  /** bytes after the last whole record: a write in progress, or a torn one */
  readonly torn: number;
  /** the file that holds these bytes */
  readonly tail: Tail | null;
  readonly damage: readonly LogFinding[];
  readonly gaps: readonly KnownGap[];
  /** what was moved away before the first segment: it is not inspected */
  readonly gone: Gone | undefined;
}

/**
 * Verifies a whole log, also one that is being written, and continues after damage wherever a whole record follows.
 * Changes nothing. Rejects with a Fault if there is no log or a file can't be read, and with the reason of the signal at the next segment.
 */
export async function inspectLog(directory: string, signal?: AbortSignal): Promise<LogInspection> {
  const moved = readMoved(directory);
  const names = remainingNames(directory, moved);
  if (names.length === 0) throw noLog(directory);
  const damage: Damage[] = [];
  const report = (found: Damage | undefined) => {
    if (found !== undefined) damage.push(found);
  };
  const gaps: KnownGap[] = [];
  report(unfinishedDamage(directory));
  let [records, bytes] = [0, 0];
  let tail: Tail | null = null;
  let before: SegmentEnd | 'unknown' | undefined;
  for (const [index, name] of names.entries()) {
    signal?.throwIfAborted();
    const path = join(directory, name);
    const unreadable = await damageOfArchive(path);
    if (unreadable !== undefined) {
      report(unreadable);
      before = 'unknown';
      continue;
    }
    const context = { before, moved, last: index === names.length - 1, report };
    const found = await withSegment(path, (file) => inspectSegment(file, path, context));
    records += found.records;
    bytes += found.bytes;
    ({ tail, end: before } = found);
    const { gap, first = 0 } = found.header ?? {};
    if (gap === undefined) continue;
    gaps.push({ file: path, first, last: gap.last });
    report(checkBase(directory, gap.base, first));
  }
  const move = moved.moves.at(-1);
  if (move !== undefined) report(checkBase(directory, { position: move.last, sha256: move.base }, move.last + 1));
  const { store, chainHash, position } =
    typeof before === 'object' ? before : { store: '', chainHash: '', position: 0 };
  return {
    ...{ store, segments: names.length, records, bytes, position, head: { position, chainHash } },
    ...{ torn: tail?.bytes ?? 0, tail, gaps, gone: goneFrom(moved) },
    damage: damage.map((one) => ({ ...one, text: damageText(one), hint: damageHint(one.file) })),
  };
}

/** The damage of the archive that has replaced a segment; undefined if there is none or it is readable. */
async function damageOfArchive(path: string): Promise<Damage | undefined> {
  if (existsSync(path)) return undefined;
  try {
    await (await openSegment(path)).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'corrupt') throw faultOf(error, `log archive ${archivePath(path)}`);
    return archiveDamage(archivePath(path), errorText(error.cause));
  }
}
