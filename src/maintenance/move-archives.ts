import { join } from 'node:path';
import { toRows } from '../../projections/rows.ts';
import { writeCheckpoint } from '../adapters/checkpoint-store/write-checkpoint.ts';
import {
  bringBack,
  type MoveReport,
  type MoveStep,
  moveArchives,
} from '../adapters/event-log/file/archive/move-archives.ts';
import { createSystem } from '../adapters/system/create-system.ts';
import { replaceFile } from '../adapters/system/files/replace-file.ts';
import { heldBy, writeHolder } from '../adapters/system/root/root-directory.ts';
import { stateAt } from '../app/audit/state-at.ts';
import { storeFiles } from '../compose/store-files.ts';

export interface MoveStopped {
  readonly before: number;
  readonly to: string;
  readonly dryRun: boolean;
  readonly failpoint?: (step: MoveStep) => void;
}

/** Moves the oldest archives of a stopped store away. Rejects with a Fault (`busy`) while a daemon runs, else as `moveArchives`. */
export function moveStopped(root: string, options: MoveStopped): Promise<MoveReport> {
  return locked(root, () =>
    moveArchives(join(root, 'log'), {
      ...options,
      time: new Date().toISOString(),
      writeBase: (path, position, mark) => writeBase(root, path, { position, mark }),
    }),
  );
}

/** Brings archives of a stopped store back from a directory. Rejects as `bringBack`, and while a daemon runs. */
export function bringBackStopped(root: string, from: string): ReturnType<typeof bringBack> {
  return locked(root, () => bringBack(join(root, 'log'), from));
}

async function locked<T>(root: string, work: () => Promise<T>): Promise<T> {
  const lock = await createSystem().lock(join(root, 'lock'));
  if (lock === undefined) throw heldBy(root);
  try {
    writeHolder(root, { pid: process.pid, address: 'archive', http: 'archive', since: new Date().toISOString() });
    return await work();
  } finally {
    await lock.release();
  }
}

async function writeBase(root: string, path: string, place: { position: number; mark: string }): Promise<void> {
  const files = storeFiles(root);
  const log = await files.openLog();
  try {
    const state = await stateAt(files, log, place.position);
    await replaceFile(path, (handle) => writeCheckpoint(handle, place, toRows(state)));
  } finally {
    await log.close();
  }
}
