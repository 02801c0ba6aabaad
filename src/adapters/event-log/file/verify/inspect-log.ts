import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Gone, LogPosition } from '../../../../ports/event-log.ts';
import { errorText, Fault, faultOf } from '../../../../ports/fault.ts';
import { archiveDamage, archivePath } from '../archive/archive-file.ts';
import { goneFrom, readMoved, remainingNames } from '../archive/moved.ts';
import { checkBase } from '../format/base.ts';
import { type Damage, damageHint, damageText } from '../format/damage.ts';
import { type Tail, withFile } from '../read/load-segments.ts';
import { openSegment } from '../read/segment-file.ts';
import { unfinishedDamage, unfinishedRepair } from '../repair/unfinished-repair.ts';
import { type InspectedEnd, inspectSegment } from './inspect-segment.ts';

/** One damage, for the operator. */
export interface LogFinding extends Damage {
  readonly text: string;
  readonly hint: string;
}

/** Positions that a repair left out, as the header of a segment tells. */
export interface KnownGap {
  readonly file: string;
  readonly first: number;
  readonly last: number;
}

/** What a log's files show when every byte of them is checked. */
export interface LogInspection {
  /** id of the store, empty where no header tells it */
  readonly store: string;
  readonly segments: number;
  /** whole ones */
  readonly records: number;
  readonly bytes: number;
  /** the last whole record's position */
  readonly position: number;
  readonly head: LogPosition;
  /** bytes after the last whole record: a write that is under way, or one that a crash tore */
  readonly torn: number;
  /** where these bytes are */
  readonly tail: Tail | null;
  readonly damage: readonly LogFinding[];
  readonly gaps: readonly KnownGap[];
  /** what was moved away before the first segment: it is not looked at */
  readonly gone: Gone | undefined;
}

/**
 * Verifies a whole log, also one that is being written, and goes on after damage wherever a whole record follows.
 * Changes nothing. Rejects with a Fault where there is no log or a file can't be read.
 */
export async function inspectLog(directory: string): Promise<LogInspection> {
  const moved = readMoved(directory);
  const names = remainingNames(directory, moved);
  if (names.length === 0)
    throw new Fault('misuse', `${directory}: holds no log`, { hint: 'name the root of a store, with --root' });
  const damage: Damage[] = [];
  const gaps: KnownGap[] = [];
  if (unfinishedRepair(directory) !== undefined) damage.push(unfinishedDamage(directory));
  let figures = { records: 0, bytes: 0 };
  let tail: Tail | null = null;
  let before: InspectedEnd | 'unknown' | undefined;
  for (const [index, name] of names.entries()) {
    const path = join(directory, name);
    const spoilt = await damageOfArchive(path);
    if (spoilt !== undefined) {
      damage.push(spoilt);
      before = 'unknown';
      continue;
    }
    const found = await withFile(path, (handle) =>
      inspectSegment(handle, path, {
        before,
        moved,
        last: index === names.length - 1,
        report: (one) => damage.push(one),
      }),
    );
    figures = { records: figures.records + found.records, bytes: figures.bytes + found.bytes };
    tail = found.tail;
    before = found.end;
    const { gap, first = 0 } = found.header ?? {};
    if (gap === undefined) continue;
    gaps.push({ file: path, first, last: gap.last });
    const missing = checkBase(directory, gap.base, first);
    if (missing !== undefined) damage.push(missing);
  }
  for (const move of moved.moves.slice(-1)) {
    const missing = checkBase(directory, { position: move.last, sha256: move.base }, move.last + 1);
    if (missing !== undefined) damage.push(missing);
  }
  const { store, chainHash, position } =
    typeof before === 'object' ? before : { store: '', chainHash: '', position: 0 };
  return {
    store,
    segments: names.length,
    ...figures,
    position,
    head: { position, chainHash },
    torn: tail?.bytes ?? 0,
    tail,
    gaps,
    gone: goneFrom(moved),
    damage: damage.map((one) => ({ ...one, text: damageText(one), hint: damageHint(one.file) })),
  };
}

/** What keeps the archive that stands in a segment's place from being read, if one does and it can't. */
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
