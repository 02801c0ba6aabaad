import { join } from 'node:path';
import { toRows } from '../../projections/checkpoint-rows.ts';
import { writeCheckpoint } from '../adapters/checkpoint-store/checkpoint-file.ts';
import {
  bringBack,
  type MoveReport,
  type MoveStep,
  moveArchives,
} from '../adapters/event-log/file/archive/move-archives.ts';
import { replaceFile } from '../adapters/system/files.ts';
import { stateAt } from '../app/audit/state-at.ts';
import { storeFiles } from '../compose/store-files.ts';
import { withRootLock } from './stopped-store.ts';

export interface MoveStopped {
  readonly before: number;
  readonly to: string;
  readonly dryRun: boolean;
  readonly failpoint?: (step: MoveStep) => void;
}

/** Moves the oldest archives of a stopped store away. Rejects with a Fault (`busy`) while a daemon runs, else as `moveArchives`. */
export function moveStopped(root: string, options: MoveStopped): Promise<MoveReport> {
  return withRootLock(root, 'archive', () =>
    moveArchives(join(root, 'log'), {
      ...options,
      time: new Date().toISOString(),
      writeBase: (path, position, chainHash) => writeBase(root, path, { position, chainHash }),
    }),
  );
}

/** Brings archives of a stopped store back from a directory. Rejects as `bringBack`, and while a daemon runs. */
export function bringBackStopped(root: string, from: string): ReturnType<typeof bringBack> {
  return withRootLock(root, 'archive', () => bringBack(join(root, 'log'), from));
}

async function writeBase(root: string, path: string, place: { position: number; chainHash: string }): Promise<void> {
  const files = storeFiles(root);
  const log = await files.openLog();
  try {
    const state = await stateAt(files, log, place.position);
    await replaceFile(path, (handle) => writeCheckpoint(handle, place, toRows(state)));
  } finally {
    await log.close();
  }
}
