/** A promise that is settled from outside. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** `Promise.withResolvers`, which Node 20 lacks. */
export function deferred<T = void>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/** Settles as the work does, or rejects with the signal's reason, whichever comes first. The work itself continues. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

export const timedOut = Symbol('timed out');

/** Settles as the work does, or resolves with `timedOut` after so many milliseconds. The work itself continues. */
export async function withTimeout<T>(milliseconds: number, work: Promise<T>): Promise<T | typeof timedOut> {
  const { promise, resolve } = deferred<typeof timedOut>();
  const timer = setTimeout(resolve, milliseconds, timedOut);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Runs something until it has succeeded, and never twice: calls during a run share it, and those after a success return at once. */
export function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= run().catch((error) => {
      running = undefined;
      throw error;
    });
    return running;
  };
}

/**
 * One run per key at a time. A call during a run can't be covered by it: it waits for the next run, which all waiting calls
 * share, and fails with it.
 */
export function shareRuns(run: (key: string) => Promise<void>): (key: string) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const waiting = new Map<string, Promise<void>>();
  const start = (key: string): Promise<void> => {
    waiting.delete(key);
    const current = run(key).finally(() => running.delete(key));
    running.set(key, current);
    return current;
  };
  return (key) => {
    const next = waiting.get(key);
    if (next !== undefined) return next;
    const current = running.get(key);
    if (current === undefined) return start(key);
    const startNext = () => start(key);
    const queued = current.then(startNext, startNext);
    waiting.set(key, queued);
    return queued;
  };
}
