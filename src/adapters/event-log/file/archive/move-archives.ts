import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Fault, faultOf } from '../../../../ports/fault.ts';
import { replaceFile, syncDirectory } from '../../../system/files.ts';
import { chainHashOf, type Segment, segmentNames } from '../format/segment.ts';
import { completeSegments, loadLog } from '../read/load-segments.ts';
import { readEncodedEvents } from '../read/read-events.ts';
import { baseName, digestOf } from '../verify/check-seams.ts';
import { archivePath, encodeArchive, inflated } from './archive-file.ts';
import { type Move, readMoved, remainingNames, writeMoved } from './moved.ts';

/** The steps of a move, for tests that interrupt it there. */
export type MoveStep = 'copied' | 'based' | 'recorded' | 'removed';

export interface MoveOptions {
  /** events before this position are moved, in whole segments */
  readonly before: number;
  /** an absolute path outside of the log, created if missing */
  readonly to: string;
  readonly dryRun: boolean;
  /** when, in ISO 8601 */
  readonly time: string;
  /** Writes the state after a position as a checkpoint to a path, durably. */
  readonly writeBase: (path: string, position: number, chainHash: string) => Promise<void>;
  readonly failpoint?: (step: MoveStep) => void;
}

/** The archives that were moved, or would be; undefined if no whole segment precedes the position. */
export type MoveReport = Pick<Move, 'first' | 'last' | 'to' | 'files'> | undefined;

/**
 * Moves the oldest segments of a log, as archives, to another directory. The caller holds the store's lock. Every byte of them
 * is verified first, with the chain; the state after them is kept beside the log as a base, since it can't be replayed any
 * more. The originals are deleted only when copies, base and the record of the move are on stable storage: an interruption
 * leaves the log as before or after the move, and the next move deletes what remains. Rejects with a Fault.
 */
export async function moveArchives(directory: string, options: MoveOptions): Promise<MoveReport> {
  const { before, dryRun, failpoint = () => {} } = options;
  const to = resolve(options.to);
  if (to === resolve(directory))
    throw new Fault('misuse', `${to}: is the log itself`, { hint: 'name another directory' });
  const loaded = await loadLog(directory);
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
 * Brings back what was moved to a directory, the newest move first, as long as all archives of a move exist: each is compared
 * with the digest of its move. The copies remain. Returns the positions that are in the log again; undefined if nothing was
 * moved. Rejects with a Fault (`missing`, `corrupt`) that names the first archive that is not as it was.
 */
export async function bringBack(directory: string, from: string): Promise<Pick<Move, 'first' | 'last'> | undefined> {
  let brought: Pick<Move, 'first' | 'last'> | undefined;
  for (;;) {
    const { store, moves } = readMoved(directory);
    const move = moves.at(-1);
    if (move === undefined) break;
    const present = move.files.every(({ name }) => existsSync(join(from, name)));
    if (brought !== undefined && !present) break;
    for (const file of move.files) checkCopy(join(from, file.name), file.sha256, move);
    for (const { name } of move.files) await copied(join(from, name), directory);
    await syncDirectory(directory);
    await writeMoved(directory, { store, moves: moves.slice(0, -1) });
    brought = { first: move.first, last: brought?.last ?? move.last };
  }
  return brought;
}

function checkCopy(path: string, sha256: string, { first, last, to }: Move): void {
  if (!existsSync(path))
    throw new Fault('missing', `${path}: does not exist`, {
      hint: `it holds a part of the positions ${first} to ${last}, which were moved to ${to}`,
    });
  if (digestOf(path) !== sha256)
    throw new Fault('corrupt', `${path}: is not the archive that was moved`, { hint: 'use another copy of it' });
}

const planned = ({ path }: Segment) => {
  const file = existsSync(path) ? path : archivePath(path);
  return { name: basename(archivePath(path)), bytes: statSync(file).size, sha256: '' };
};

/** Verifies checksums and chain of all events before they are moved. Throws `corrupt`. */
async function verify(segments: readonly Segment[], first: number, last: number): Promise<void> {
  for await (const events of readEncodedEvents(segments, first - 1)) if (events.first + events.count > last) return;
}

/** Copies a file into a directory, durably except for its name, and reads it back. */
async function copied(path: string, to: string): Promise<Move['files'][number]> {
  const target = join(to, basename(path));
  try {
    const bytes = readFileSync(path);
    const sha256 = hash('sha256', bytes);
    const file = { name: basename(path), bytes: bytes.length, sha256 };
    if (existsSync(target)) {
      if (digestOf(target) === sha256) return file;
      throw new Fault('misuse', `${target}: exists already and differs`, { hint: 'name another directory' });
    }
    await replaceFile(target, (handle) => handle.writeFile(bytes));
    if (digestOf(target) === sha256) return file;
    throw new Fault('io', `${target}: was not read back as it was written`, { hint: 'check the disk' });
  } catch (error) {
    throw faultOf(error, `copy ${path} to ${to}`);
  }
}

/** Archives whose move was recorded, and which were not deleted yet. */
function removeLeftOvers(directory: string): void {
  const remaining = new Set(remainingNames(directory, readMoved(directory)));
  for (const name of segmentNames(directory).filter((one) => !remaining.has(one)))
    for (const path of [join(directory, name), archivePath(join(directory, name))]) rmSync(path, { force: true });
}

/** A segment that was compressed. */
interface Archived {
  /** the segment's name */
  readonly segment: string;
  readonly first: number;
  readonly last: number;
  readonly before: number;
  readonly after: number;
}

/**
 * Compresses the complete segments that hold no event after a position: each archive is read back and on stable storage before
 * its segment is deleted, so an interruption leaves one of them, complete. A daemon may be running: it never writes to complete
 * segments. With `dryRun` nothing is done, and `after` is 0.
 */
export async function archiveLog(directory: string, upTo: number, dryRun: boolean): Promise<readonly Archived[]> {
  const archived: Archived[] = [];
  for (const segment of await completeSegments(directory)) {
    const { path, end, header } = segment;
    if (end.position > upTo || !existsSync(path)) continue;
    const before = (await stat(path)).size;
    const after = dryRun ? 0 : await archive(segment);
    archived.push({ segment: basename(path), first: header.first, last: end.position, before, after });
  }
  if (archived.length > 0 && !dryRun) await syncDirectory(directory);
  return archived;
}

async function archive({ path, end }: Segment): Promise<number> {
  const file = archivePath(path);
  // The daemon archives too: a command that runs beside it must not write into the same file.
  const unfinished = `${file}.${process.pid}.new`;
  try {
    const bytes = (await readFile(path)).subarray(0, end.offset);
    const packed = await encodeArchive(bytes, end);
    const handle = await open(unfinished, 'w', 0o600);
    await handle.writeFile(packed).finally(() => handle.sync().finally(() => handle.close()));
    if (!(await inflated(unfinished)).equals(bytes))
      throw new Fault('io', `${file}: was not read back as it was written`, { hint: 'check the disk' });
    await rename(unfinished, file);
    await syncDirectory(dirname(file));
    await rm(path, { force: true });
    return packed.length;
  } catch (error) {
    await rm(unfinished, { force: true });
    if (!existsSync(path) && existsSync(file)) return (await stat(file)).size;
    throw faultOf(error, `archive ${file}`);
  }
}
