import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import type { CheckpointStore } from '../../ports/checkpoint-store.ts';
import { isErrno } from '../../ports/errno.ts';
import type { LogPosition } from '../../ports/event-log.ts';
import { type Failpoint, noFailpoints } from '../../ports/failpoints.ts';
import { faultOf } from '../../ports/fault.ts';
import { syncDirectory } from '../system/files.ts';
import { readCheckpoint, readWhole } from './checkpoint-file.ts';
import {
  checkpointName,
  isBaseName,
  isCheckpointName,
  isUnfinishedName,
  positionOf,
  unfinishedSuffix,
} from './checkpoint-name.ts';
import { type KeptCheckpoint, superfluous } from './superfluous.ts';
import { writeCheckpoint } from './write-checkpoint.ts';

export interface FileCheckpointStoreOptions {
  /** `ROOT/checkpoints`, made where it is missing */
  readonly directory: string;
  /** `ROOT/log`, where repairs leave checkpoints that are no short cuts: they are loaded like others and never removed */
  readonly bases?: string;
  readonly failpoint?: Failpoint;
}

export interface FileCheckpointStore extends CheckpointStore {
  /** Begins to read the newest one, for a `load` that will follow soon. */
  expect(): void;
}

/** Checkpoints as files. Rejects with a Fault; a save that fails leaves the older ones and nothing else. Saves must not overlap. */
export function createFileCheckpointStore({
  directory,
  bases,
  failpoint = noFailpoints,
}: FileCheckpointStoreOptions): FileCheckpointStore {
  let expected: Promise<ReadAhead | undefined> | undefined;
  return {
    save: async (place, rows) => {
      const path = join(directory, checkpointName(place.position));
      const unfinished = `${path}${unfinishedSuffix}`;
      try {
        await makeDirectory(directory);
        failpoint('checkpoint.write');
        await writeDurably(unfinished, place, rows);
        failpoint('checkpoint.rename');
        await rename(unfinished, path);
        await syncDirectory(directory);
        await removeOlder(directory);
      } catch (error) {
        await rm(unfinished, { force: true }).catch(() => {});
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
        // A daemon that is at work deletes older ones meanwhile.
        else if (existsSync(path)) damaged(path, checkpoint.left);
      }
    },
  };
}

/** A file that was read before it was asked for. */
interface ReadAhead {
  readonly path: string;
  readonly bytes: Buffer;
}

/** The newest checkpoint's bytes; undefined where that can't be read, which `load` will tell. */
async function readAhead(directory: string, bases: string | undefined): Promise<ReadAhead | undefined> {
  try {
    const [path] = await checkpointFiles(directory, bases);
    return path === undefined ? undefined : { path, bytes: await readWhole(path) };
  } catch {
    return undefined;
  }
}

/** Paths of all checkpoints, newest first; whether they are whole is not looked at. */
export async function checkpointFiles(directory: string, bases: string | undefined): Promise<readonly string[]> {
  const own = (await namesIn(directory)).filter(isCheckpointName).map((name) => join(directory, name));
  const kept = bases === undefined ? [] : (await namesIn(bases)).filter(isBaseName).map((name) => join(bases, name));
  return [...own, ...kept].sort((a, b) => (basename(a) < basename(b) ? 1 : -1));
}

async function makeDirectory(directory: string): Promise<void> {
  const made = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (made !== undefined) await syncDirectory(dirname(directory));
}

async function writeDurably(path: string, place: LogPosition, rows: Iterable<unknown>): Promise<void> {
  const handle = await open(path, 'w', 0o600);
  try {
    await writeCheckpoint(handle, place, rows);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Older ones and what crashes left go only when the newest is on stable storage. */
async function removeOlder(directory: string): Promise<void> {
  const names = await namesIn(directory);
  const all: KeptCheckpoint[] = [];
  for (const name of names.filter(isCheckpointName))
    all.push({ position: positionOf(name), bytes: (await stat(join(directory, name))).size });
  const older = superfluous(all).map(checkpointName);
  for (const name of [...older, ...names.filter(isUnfinishedName)]) await rm(join(directory, name), { force: true });
}

/** Sorted; none where there is no directory. */
async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw faultOf(error, `checkpoints ${directory}`);
  }
}
