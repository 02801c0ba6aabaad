import { opendirSync } from 'node:fs';

/** Work on a directory tree in steps of about one entry each. It can be left at every step, and then lets go of what it holds. */
export type Walk<T> = Generator<void, T>;

/** Goes a walk to its end. */
export function walked<T>(walk: Walk<T>): T {
  for (;;) {
    const { done, value } = walk.next();
    if (done === true) return value;
  }
}

/**
 * Names in a directory, as latin1 strings, which keep every byte of them; none of them is in memory longer than it takes. What is
 * deleted on the way may still come, what was there all the time comes once. Throws errors of the file system.
 */
export function* namesIn(path: string): Generator<string> {
  const directory = opendirSync(Buffer.from(path, 'latin1'), { encoding: 'buffer' as BufferEncoding, bufferSize: 256 });
  try {
    for (let entry = directory.readSync(); entry !== null; entry = directory.readSync())
      yield (entry.name as unknown as Buffer).toString('latin1');
  } finally {
    directory.closeSync();
  }
}

/** Walks that are under way on one thread at the same time. */
export interface Walks<T> {
  begin(id: number, walk: Walk<T>): void;
  /** Leaves a walk; `ended` is not called for it any more. */
  leave(id: number): void;
}

/** milliseconds for which a walk goes on before another may */
const slice = 4;

interface Walking<T> {
  readonly walk: Walk<T>;
  spent: number;
}

/**
 * Of all walks the one goes on that has had the least time: a small tree is done soon, however large those are that began
 * before it. Between two slices the thread hears what is asked of it. A walk must not throw.
 */
export function createWalks<T>(ended: (id: number, result: T) => void): Walks<T> {
  const walking = new Map<number, Walking<T>>();
  let busy = false;
  const goOn = () => {
    const [id, next] = leastServed(walking);
    busy = next !== undefined;
    if (next === undefined) return;
    const began = performance.now();
    for (let time = began; time - began < slice; time = performance.now()) {
      const { done, value } = next.walk.next();
      if (done !== true) continue;
      walking.delete(id);
      ended(id, value);
      break;
    }
    next.spent += performance.now() - began;
    setImmediate(goOn);
  };
  return {
    begin: (id, walk) => {
      walking.set(id, { walk, spent: 0 });
      if (busy) return;
      busy = true;
      setImmediate(goOn);
    },
    leave: (id) => {
      const left = walking.get(id);
      walking.delete(id);
      left?.walk.return(undefined as T);
    },
  };
}

function leastServed<T>(walking: ReadonlyMap<number, Walking<T>>): readonly [number, Walking<T> | undefined] {
  let least: readonly [number, Walking<T> | undefined] = [0, undefined];
  for (const one of walking) if (least[1] === undefined || one[1].spent < least[1].spent) least = one;
  return least;
}
