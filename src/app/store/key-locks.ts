import { deferred } from '../../ports/promises.ts';

/** Keeps the order of each key: an operation starts when every earlier one on its keys has ended. */
export interface KeyLocks {
  /** Runs an operation that holds all the keys exclusively. Keys are locked together, so there is no deadlock. */
  run<T>(keys: readonly string[], operation: () => Promise<T>): Promise<T>;
  /** Runs an operation while no other one runs on any key. */
  exclusive<T>(operation: () => Promise<T>): Promise<T>;
  /** Whether any operation holds a key. */
  readonly busy: boolean;
  /** Resolves when the operations that hold or await the key now have ended; undefined if there are none. */
  idle(key: string): Promise<void> | undefined;
}

/** `onIdle` is called when the last operation has ended. */
export function createKeyLocks(onIdle = () => {}): KeyLocks {
  const tails = new Map<string, Promise<void>>();
  let gate: Promise<void> | undefined;
  return {
    run: async (keys, operation) => {
      while (gate !== undefined) await gate;
      const before = keys.flatMap((key) => tails.get(key) ?? []);
      const { promise: tail, resolve: end } = deferred();
      for (const key of keys) tails.set(key, tail);
      try {
        if (before.length > 0) await Promise.all(before);
        return await operation();
      } finally {
        for (const key of keys) if (tails.get(key) === tail) tails.delete(key);
        end();
        if (tails.size === 0) onIdle();
      }
    },
    exclusive: async (operation) => {
      while (gate !== undefined) await gate;
      const { promise, resolve: open } = deferred();
      gate = promise;
      try {
        await Promise.all(tails.values());
        return await operation();
      } finally {
        gate = undefined;
        open();
      }
    },
    get busy() {
      return gate !== undefined || tails.size > 0;
    },
    idle: (key) => tails.get(key),
  };
}
