import { readlinkSync } from 'node:fs';
import { errnoError } from '../../../ports/errno.ts';
import type { Usage } from '../../../ports/volume-driver.ts';
import { measuring } from './measure-tree.ts';
import { mountBelow } from './mounts-below.ts';
import { removeBare } from './remove-bare.ts';
import { removing } from './remove-tree.ts';
import type { Walk } from './walks.ts';

/** What is asked of a tree thread. */
export interface TreeJob {
  readonly deed: 'measure' | 'remove';
  readonly path: string;
}

/** An error as it crosses threads, where classes and own properties of errors get lost. */
export interface TreeError {
  readonly errno: number | undefined;
  readonly message: string;
}

export type TreeAnswer = { readonly done: Usage } | { readonly failed: TreeError };

/** What the thread is sent: a job under a number, or that the one with this number is not wanted any more. */
export type TreeRequest = { readonly id: number; readonly job: TreeJob } | { readonly left: number };

/** What it sends for each job that was not left, in the order in which they end. */
export interface TreeResponse {
  readonly id: number;
  readonly answer: TreeAnswer;
}

const heldDirectory = /^\/proc\/self\/fd\/\d+/;

/** Puts the name that a held directory has now in the place of the number that a job calls it by. */
export function namedPath(path: string, text: string): string {
  const [held] = heldDirectory.exec(path) ?? [];
  return held === undefined ? text : text.replaceAll(held, readlinkSync(held));
}

/** Does a job. Never throws. Of a removal, `bytes` are those freed. */
export function* doTreeJob({ deed, path }: TreeJob): Walk<TreeAnswer> {
  // What an error or the table of mounts calls by its name.
  const named = (text: string) => namedPath(path, text);
  try {
    if (deed === 'measure') return { done: yield* measuring(path) };
    const freed = removeBare(path);
    if (freed !== undefined) return { done: { bytes: freed, inodes: 0 } };
    const point = mountBelow(named(path));
    if (point !== undefined) throw errnoError('EBUSY', `something is mounted on ${point}`);
    return { done: { bytes: yield* removing(path), inodes: 0 } };
  } catch (error) {
    const { errno, message } = error as NodeJS.ErrnoException;
    return { failed: { errno, message: named(message) } };
  }
}
