/** Keeps per-key order: what is run on a key starts when all that was asked for before on that key has ended. */
export interface KeyLocks {
  /** Runs a deed while it alone holds all the keys. Keys are taken together, so deeds can't wait for each other in a ring. */
  run<T>(keys: readonly string[], deed: () => Promise<T>): Promise<T>;
  /** Resolves when what holds or awaits the key now has ended. */
  idle(key: string): Promise<void>;
}

export function createKeyLocks(): KeyLocks {
  const tails = new Map<string, Promise<void>>();
  return {
    run: async (keys, deed) => {
      const before = keys.flatMap((key) => tails.get(key) ?? []);
      let end = () => {};
      const tail = new Promise<void>((resolve) => {
        end = resolve;
      });
      for (const key of keys) tails.set(key, tail);
      try {
        if (before.length > 0) await Promise.all(before);
        return await deed();
      } finally {
        for (const key of keys) if (tails.get(key) === tail) tails.delete(key);
        end();
      }
    },
    idle: async (key) => tails.get(key),
  };
}
