import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import type { CheckpointStore } from '../../ports/checkpoint-store.ts';
import { isErrno } from '../../ports/errno.ts';
import { type Failpoint, noFailpoints } from '../../ports/failpoints.ts';
import { faultOf } from '../../ports/fault.ts';
import { replaceFile, syncDirectory } from '../system/files.ts';
import {
  checkpointName,
  isCheckpointName,
  positionOf,
  readCheckpoint,
  readWhole,
  writeCheckpoint,
} from './checkpoint-file.ts';

interface FileCheckpointStoreOptions {
  /** `ROOT/checkpoints`, created if missing */
  readonly directory: string;
  /** `ROOT/log`: repairs leave checkpoints there that can't be replayed; they are loaded like others and never removed */
  readonly bases?: string;
  readonly failpoint?: Failpoint;
}

interface FileCheckpointStore extends CheckpointStore {
  /** Begins to read the newest one, for a `load` that will follow soon. */
  expect(): void;
}

/** Checkpoints as files. Rejects with a Fault; a save that fails leaves the older ones and nothing else. Saves must not overlap. */
export function createFileCheckpointStore({
  directory,
  bases,
  failpoint = noFailpoints,
}: FileCheckpointStoreOptions): FileCheckpointStore {
  let expected: ReturnType<typeof readAhead> | undefined;
  return {
    save: async (at, rows) => {
      const path = join(directory, checkpointName(at.position));
      try {
        const made = await mkdir(directory, { recursive: true, mode: 0o700 });
        if (made !== undefined) await syncDirectory(dirname(directory));
        failpoint('checkpoint.write');
        await replaceFile(path, async (file) => {
          await writeCheckpoint(file, at, rows);
          failpoint('checkpoint.rename');
        });
        await removeOlder(directory);
      } catch (error) {
        await rm(`${path}.new`, { force: true }).catch(() => {});
        throw faultOf(error, `checkpoint ${path}`);
      }
    },
    expect: () => {
      expected = readAhead(directory, bases);
    },
    load: async function* (damaged, upTo = Number.POSITIVE_INFINITY) {
      const ahead = await expected;
      expected = undefined;
      for (const path of await checkpointFiles(directory, bases)) {
        if (positionOf(basename(path)) > upTo) continue;
        const checkpoint = await readCheckpoint(path, ahead?.path === path ? ahead.bytes : undefined);
        if (either.isRight(checkpoint)) yield checkpoint.right;
        // A running daemon deletes older ones meanwhile.
        else if (existsSync(path)) damaged(path, checkpoint.left);
      }
    },
  };
}

/** The newest checkpoint's bytes; undefined if it can't be read, which `load` will report. */
async function readAhead(directory: string, bases: string | undefined) {
  try {
    const [path] = await checkpointFiles(directory, bases);
    return path === undefined ? undefined : { path, bytes: await readWhole(path) };
  } catch {
    return undefined;
  }
}

const isBaseName = (name: string) => /^[0-9]{20}\.base$/.test(name);
const isUnfinishedName = (name: string) => name.endsWith('.ckpt.new');

/** Paths of all checkpoints, newest first, intact or not. */
export async function checkpointFiles(directory: string, bases: string | undefined): Promise<readonly string[]> {
  const own = await filesIn(directory, isCheckpointName);
  const kept = bases === undefined ? [] : await filesIn(bases, isBaseName);
  return [...own, ...kept].sort((a, b) => (basename(a) < basename(b) ? 1 : -1));
}

/** Older ones, and what crashes left, are removed only when the newest is on stable storage. */
async function removeOlder(directory: string): Promise<void> {
  const all: KeptCheckpoint[] = [];
  for (const path of await filesIn(directory, isCheckpointName))
    all.push({ position: positionOf(basename(path)), bytes: (await stat(path)).size });
  const older = superfluous(all).map((position) => join(directory, checkpointName(position)));
  for (const path of [...older, ...(await filesIn(directory, isUnfinishedName))]) await rm(path, { force: true });
}

/** Sorted; empty if there is no directory. */
async function filesIn(directory: string, isWanted: (name: string) => boolean): Promise<readonly string[]> {
  try {
    const names = (await readdir(directory)).filter(isWanted);
    return names.sort().map((name) => join(directory, name));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw faultOf(error, `checkpoints ${directory}`);
  }
}

export interface KeptCheckpoint {
  readonly position: number;
  readonly bytes: number;
}

/** A start needs these. */
const newest = 2;
/** Limits of the older ones, which speed up queries about the past. */
const maxOlder = 32;
const maxOlderBytes = 128 * 1024 * 1024;

/**
 * Positions of the checkpoints to remove, given all in ascending order: of the older ones those whose neighbours are closest
 * together, so that the rest stays spread over the whole log. With 32, no distance between two is much longer than a sixteenth
 * of it.
 */
export function superfluous(all: readonly KeptCheckpoint[]): readonly number[] {
  const kept = [...all];
  const gone: number[] = [];
  while (tooMany(kept.slice(0, -newest))) {
    const at = leastNeeded(kept);
    gone.push(...kept.splice(at, 1).map(({ position }) => position));
  }
  return gone;
}

const tooMany = (kept: readonly KeptCheckpoint[]) =>
  kept.length > maxOlder || kept.reduce((sum, { bytes }) => sum + bytes, 0) > maxOlderBytes;

/** The older checkpoint whose neighbours are closest together. */
function leastNeeded(kept: readonly KeptCheckpoint[]): number {
  const distances = kept
    .slice(0, -newest)
    .map((_, at) => (kept[at + 1]?.position ?? 0) - (kept[at - 1]?.position ?? 0));
  return distances.indexOf(Math.min(...distances));
}
