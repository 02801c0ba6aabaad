import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { Fault, faultOf } from '../../../../ports/fault.ts';
import { replaceFile, syncDirectory } from '../../../system/files.ts';
import { baseName, digestOf } from '../format/base.ts';
import { chainHashOf, type Segment } from '../format/segment.ts';
import { segmentNames } from '../format/segment-name.ts';
import { type LoadedLog, loadSegments } from '../read/load-segments.ts';
import { readEncodedEvents } from '../read/read-encoded-events.ts';
import { archivePath } from './archive-file.ts';
import { archiveLog } from './archive-log.ts';
import { type Move, readMoved, remainingNames, writeMoved } from './moved.ts';

/** What a step of a move is called, for tests that end it there. */
export type MoveStep = 'copied' | 'based' | 'recorded' | 'removed';

export interface MoveOptions {
  /** events before this position go, as far as whole segments do */
  readonly before: number;
  /** an absolute path outside of the log, made where it is missing */
  readonly to: string;
  readonly dryRun: boolean;
  /** when, in ISO 8601 */
  readonly time: string;
  /** Writes the state after a position as a checkpoint to a path, durably. */
  readonly writeBase: (path: string, position: number, chainHash: string) => Promise<void>;
  readonly failpoint?: (step: MoveStep) => void;
}

/** The archives that were moved, or would be; undefined where no whole segment stands before the position. */
export type MoveReport = Pick<Move, 'first' | 'last' | 'to' | 'files'> | undefined;

/**
 * Moves the oldest segments of a log, as archives, to another directory. The caller holds the store's lock. Every byte of them is
 * verified first, with the chain; the state after them is kept beside the log as a base, since it can't be replayed any more.
 * Only when copies, base and the record of the move are on stable storage do the originals go: an interruption leaves the log as
 * it was, or as it is then, and a next move removes what is left. Rejects with a Fault.
 */
export async function moveArchives(directory: string, options: MoveOptions): Promise<MoveReport> {
  const { before, dryRun, failpoint = () => {} } = options;
  const to = resolve(options.to);
  if (to === resolve(directory))
    throw new Fault('misuse', `${to}: is the log itself`, { hint: 'name another directory' });
  const loaded = await loadedLog(directory);
  const chosen = loaded.segments.slice(0, -1).filter(({ end }) => end.position < before);
  const last = chosen.at(-1);
  if (!dryRun) removeLeftOvers(directory);
  if (last === undefined) return undefined;
  const first = chosen[0]?.header.first ?? 1;
  if (dryRun) return { first, last: last.end.position, to, files: chosen.map(planned) };
  await verify(loaded.segments, first, last.end.position);
  await archiveLog(directory, last.end.position, false);
  mkdirSync(to, { recursive: true, mode: 0o700 });
  const files = [];
  for (const { path } of chosen) files.push(await copied(archivePath(path), to));
  await syncDirectory(to);
  failpoint('copied');
  const chainHash = chainHashOf(last.end, last.header);
  const base = join(directory, baseName(last.end.position));
  await options.writeBase(base, last.end.position, chainHash);
  failpoint('based');
  const { moves } = readMoved(directory);
  const move: Move = { first, last: last.end.position, chainHash, base: digestOf(base), to, time: options.time, files };
  await writeMoved(directory, { store: loaded.store, moves: [...moves, move] });
  failpoint('recorded');
  removeLeftOvers(directory);
  failpoint('removed');
  return move;
}

/**
 * Brings back what was moved to a directory, the newest move first, as long as all archives of a move are there: each is compared
 * with the digest of its move. The copies stay where they are. Answers the positions that are there again; undefined where none
 * could be brought back because nothing was moved. Rejects with a Fault (`missing`, `corrupt`) that names the first archive that
 * is not as it was.
 */
export async function bringBack(directory: string, from: string): Promise<Pick<Move, 'first' | 'last'> | undefined> {
  let brought: Pick<Move, 'first' | 'last'> | undefined;
  for (;;) {
    const { store, moves } = readMoved(directory);
    const move = moves.at(-1);
    if (move === undefined) break;
    const present = move.files.every(({ name }) => existsSync(join(from, name)));
    if (brought !== undefined && !present) break;
    for (const { name, sha256 } of move.files) {
      const path = join(from, name);
      if (!existsSync(path))
        throw new Fault('missing', `${path}: is not there`, {
          hint: `it holds a part of the positions ${move.first} to ${move.last}, which were moved to ${move.to}`,
        });
      if (digestOf(path) !== sha256)
        throw new Fault('corrupt', `${path}: is not the archive that was moved`, { hint: 'take another copy of it' });
    }
    for (const { name } of move.files) await copied(join(from, name), directory);
    await syncDirectory(directory);
    await writeMoved(directory, { store, moves: moves.slice(0, -1) });
    brought = { first: move.first, last: brought?.last ?? move.last };
  }
  return brought;
}

async function loadedLog(directory: string): Promise<LoadedLog> {
  const loaded = await loadSegments(directory);
  if (loaded !== undefined) return loaded;
  throw new Fault('misuse', `${directory}: holds no log`, { hint: 'name the root of a store, with --root' });
}

const planned = ({ path }: Segment) => {
  const file = existsSync(path) ? path : archivePath(path);
  return { name: basename(archivePath(path)), bytes: statSync(file).size, sha256: '' };
};

/** Checksums and chain of all events that are to go. Throws `corrupt`. */
async function verify(segments: readonly Segment[], first: number, last: number): Promise<void> {
  for await (const events of readEncodedEvents(segments, first - 1)) if (events.first + events.count > last) return;
}

/** Copies a file into a directory, durably but for its name, and reads it back. */
async function copied(path: string, to: string): Promise<Move['files'][number]> {
  const target = join(to, basename(path));
  try {
    const bytes = readFileSync(path);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const file = { name: basename(path), bytes: bytes.length, sha256 };
    if (existsSync(target)) {
      if (digestOf(target) === sha256) return file;
      throw new Fault('misuse', `${target}: is there already, and another file`, { hint: 'name another directory' });
    }
    await replaceFile(target, (handle) => handle.writeFile(bytes));
    if (digestOf(target) === sha256) return file;
    throw new Fault('io', `${target}: was not read back as it was written`, { hint: 'look at the disk' });
  } catch (error) {
    throw faultOf(error, `copy ${path} to ${to}`);
  }
}

/** Archives whose move was recorded, and which were to go then. */
function removeLeftOvers(directory: string): void {
  const remaining = new Set(remainingNames(directory, readMoved(directory)));
  for (const name of segmentNames(directory).filter((one) => !remaining.has(one)))
    for (const path of [join(directory, name), archivePath(join(directory, name))]) rmSync(path, { force: true });
}
