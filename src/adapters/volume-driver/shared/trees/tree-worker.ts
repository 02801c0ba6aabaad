import { readlinkSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { errnoError } from '../../../../ports/errno.ts';
import type { Usage } from '../../../../ports/volume-driver.ts';
import { isWithin, type MountPoint, mountPoints } from '../mounts.ts';
import { measuring } from './measure-tree.ts';
import { removing } from './remove-tree.ts';
import { createWalks, type Ended, type Walk } from './walks.ts';

/** A job of a tree thread. */
export interface TreeJob {
  readonly operation: 'measure' | 'remove';
  readonly path: string;
}

/** An error sent between threads, which drop classes and own properties. Its message names the current path. */
export interface TreeError {
  readonly errno: number | undefined;
  readonly message: string;
}

/** A job with an id, or the id of one that is cancelled. A message to the thread has several. */
export type TreeRequest = { readonly id: number; readonly job: TreeJob } | { readonly cancelled: number };

type TreeAnswer = { readonly done: Usage } | { readonly failed: TreeError };

/** The thread's answer to a job that was not cancelled. A message from the thread has several. */
export type TreeResponse = Ended<TreeAnswer>;

/** Runs a job. Never throws. Of a removal, `bytes` are those freed. */
function* run({ operation, path }: TreeJob): Walk<TreeAnswer> {
  try {
    return { done: operation === 'measure' ? yield* measuring(path) : { bytes: yield* remove(path), inodes: 0 } };
  } catch (error) {
    const { errno, message } = error as NodeJS.ErrnoException;
    return { failed: { errno, message: named(path, message) } };
  }
}

function* remove(path: string): Walk<number> {
  const top = named(path, path);
  const mount = mountBelow(top, recentMounts()) && mountBelow(top, mountPoints());
  if (mount !== undefined) throw errnoError('EBUSY', `something is mounted on ${mount.point}`);
  return yield* removing(path);
}

const mountBelow = (top: string, mounts: readonly MountPoint[]) => mounts.find(({ point }) => isWithin(point, top));

/** milliseconds for which the table of mounts is not read again: reading it takes as long as deleting a small tree */
const recent = 4;
let mounts = { table: [] as readonly MountPoint[], until: 0 };

function recentMounts(): readonly MountPoint[] {
  if (performance.now() >= mounts.until) {
    // The table is at least as new as the time before it is read.
    const until = performance.now() + recent;
    mounts = { table: mountPoints(), until };
  }
  return mounts.table;
}

/** Replaces the descriptor by which a job names a held directory with the directory's present path. */
function named(path: string, text: string): string {
  const [held] = /^\/proc\/self\/fd\/\d+/.exec(path) ?? [];
  return held === undefined ? text : text.replaceAll(held, readlinkSync(held));
}

const walks = createWalks<TreeAnswer>((ended) => parentPort?.postMessage(ended satisfies readonly TreeResponse[]));
parentPort?.on('message', (requests: readonly TreeRequest[]) => {
  for (const request of requests) {
    if ('cancelled' in request) walks.cancel(request.cancelled);
    else walks.start(request.id, run(request.job));
  }
});
