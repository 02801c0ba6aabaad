import { opendirSync, readdirSync } from 'node:fs';
import { rawPath } from '../paths.ts';

/** A walk through a directory tree in steps of about one entry each. It can be ended at every step, and then closes its descriptors. */
export type Walk<T> = Generator<void, T>;

/** Runs a walk to its end. */
export function walked<T>(walk: Walk<T>): T {
  for (;;) {
    const { done, value } = walk.next();
    if (done === true) return value;
  }
}

/** Below this a path never exceeds the kernel's limit of 4096 bytes with a name added: a name has 255 at most. */
export const pathLimit = 3000;

/** A directory of at most so many bytes is read at once: that takes less than opening it for reading in parts. */
const smallDirectory = 16_384;

/**
 * Names in a directory of a size in bytes, as latin1 strings, which keep every byte of them, read a few at a time if there are many. A
 * name that is deleted meanwhile may be included; one that exists all the time is included once. Throws errors of the file system.
 */
export function* namesIn(path: string, size: number): Generator<string> {
  if (size <= smallDirectory) {
    yield* readdirSync(rawPath(path), 'latin1');
    return;
  }
  const directory = opendirSync(rawPath(path), { encoding: 'buffer' as BufferEncoding, bufferSize: 256 });
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync())
      yield (entry.name as unknown as Buffer).toString('latin1');
  } finally {
    directory.closeSync();
  }
}

/** The walks in progress on one thread. */
export interface Walks<T> {
  start(id: number, walk: Walk<T>): void;
  /** Ends a walk; it has no result then. */
  cancel(id: number): void;
}

/** milliseconds for which walks run before messages to the thread are handled */
const slice = 4;

interface Running<T> {
  readonly id: number;
  readonly walk: Walk<T>;
  spent: number;
}

/** A walk that has ended. */
export interface Ended<T> {
  readonly id: number;
  readonly result: T;
}

/**
 * Runs the walk that has had the least time: a small tree is completed soon, however large earlier ones are.
 * Messages to the thread are handled between two slices, and those that ended in a slice are reported together.
 * A walk must not throw.
 */
export function createWalks<T>(report: (ended: readonly Ended<T>[]) => void): Walks<T> {
  const running = new Map<number, Running<T>>();
  let scheduled = false;
  const schedule = () => {
    scheduled = running.size > 0;
    if (scheduled) setImmediate(runSlice);
  };
  const runSlice = () => {
    const ended: Ended<T>[] = [];
    const until = performance.now() + slice;
    for (let next = leastServed(running.values()); next !== undefined; next = leastServed(running.values())) {
      const result = advance(next, until);
      if (result === undefined) break;
      running.delete(next.id);
      ended.push({ id: next.id, result: result.value });
      if (performance.now() >= until) break;
    }
    if (ended.length > 0) report(ended);
    schedule();
  };
  return {
    start: (id, walk) => {
      running.set(id, { id, walk, spent: 0 });
      if (!scheduled) schedule();
    },
    cancel: (id) => {
      const left = running.get(id);
      running.delete(id);
      left?.walk.return(undefined as T);
    },
  };
}

/** Continues a walk up to a time. Returns its result if it has ended. */
function advance<T>(running: Running<T>, until: number): { readonly value: T } | undefined {
  const began = performance.now();
  for (let time = began; time < until; time = performance.now()) {
    const step = running.walk.next();
    if (step.done === true) return step;
  }
  running.spent += performance.now() - began;
  return undefined;
}

function leastServed<T>(all: Iterable<Running<T>>): Running<T> | undefined {
  let least: Running<T> | undefined;
  for (const one of all) if (least === undefined || one.spent < least.spent) least = one;
  return least;
}
