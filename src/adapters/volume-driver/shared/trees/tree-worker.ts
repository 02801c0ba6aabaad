import { readlinkSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { errnoError } from '../../../../ports/errno.ts';
import type { Usage } from '../../../../ports/volume-driver.ts';
import { isWithin, mountPoints } from '../mounts.ts';
import { measuring } from './measure-tree.ts';
import { removeBare, removing } from './remove-tree.ts';
import { createWalks, type Walk } from './walks.ts';

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

/** A message to the thread: a job with an id, or the id of one that is cancelled. */
export type TreeRequest = { readonly id: number; readonly job: TreeJob } | { readonly cancelled: number };

/** The thread's answer to each job that was not cancelled. */
export interface TreeResponse {
  readonly id: number;
  readonly answer: { readonly done: Usage } | { readonly failed: TreeError };
}

/** Runs a job. Never throws. Of a removal, `bytes` are those freed. */
function* run({ operation, path }: TreeJob): Walk<TreeResponse['answer']> {
  try {
    return { done: operation === 'measure' ? yield* measuring(path) : { bytes: yield* remove(path), inodes: 0 } };
  } catch (error) {
    const { errno, message } = error as NodeJS.ErrnoException;
    return { failed: { errno, message: named(path, message) } };
  }
}

function* remove(path: string): Walk<number> {
  const freed = removeBare(path);
  if (freed !== undefined) return freed;
  const top = named(path, path);
  const mount = mountPoints().find(({ point }) => isWithin(point, top));
  if (mount !== undefined) throw errnoError('EBUSY', `something is mounted on ${mount.point}`);
  return yield* removing(path);
}

/** Replaces the descriptor by which a job names a held directory with the directory's present path. */
function named(path: string, text: string): string {
  const [held] = /^\/proc\/self\/fd\/\d+/.exec(path) ?? [];
  return held === undefined ? text : text.replaceAll(held, readlinkSync(held));
}

const walks = createWalks<TreeResponse['answer']>((id, answer) =>
  parentPort?.postMessage({ id, answer } satisfies TreeResponse),
);
parentPort?.on('message', (request: TreeRequest) => {
  if ('cancelled' in request) walks.cancel(request.cancelled);
  else walks.start(request.id, run(request.job));
});
