import { deferred } from '../../ports/promises.ts';

/** Keeps per-key order: what is run on a key starts when all that was asked for before on that key has ended. */
export interface KeyLocks {
  /** Runs a deed while it alone holds all the keys. Keys are taken together, so deeds can't wait for each other in a ring. */
  run<T>(keys: readonly string[], deed: () => Promise<T>): Promise<T>;
  /** Runs a deed while nothing else runs on any key. */
  alone<T>(deed: () => Promise<T>): Promise<T>;
  /** Resolves when what holds or awaits the key now has ended. */
  idle(key: string): Promise<void>;
}

export function createKeyLocks(): KeyLocks {
  const tails = new Map<string, Promise<void>>();
  let gate: Promise<void> | undefined;
  return {
    run: async (keys, deed) => {
      while (gate !== undefined) await gate;
      const before = keys.flatMap((key) => tails.get(key) ?? []);
      const { promise: tail, resolve: end } = deferred();
      for (const key of keys) tails.set(key, tail);
      try {
        if (before.length > 0) await Promise.all(before);
        return await deed();
      } finally {
        for (const key of keys) if (tails.get(key) === tail) tails.delete(key);
        end();
      }
    },
    alone: async (deed) => {
      while (gate !== undefined) await gate;
      const { promise, resolve: open } = deferred();
      gate = promise;
      try {
        await Promise.all(tails.values());
        return await deed();
      } finally {
        gate = undefined;
        open();
      }
    },
    idle: async (key) => tails.get(key),
  };
}
