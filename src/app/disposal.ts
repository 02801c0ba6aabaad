/** What was opened, to be closed in the opposite order. */
export interface Disposal {
  /** Has `close` called by `dispose`, before everything that was deferred earlier. */
  defer(close: () => unknown): void;
  /** Closes everything, newest first, each once, one after the other. Rejects with the first error when all were tried. */
  dispose(): Promise<void>;
}

export function createDisposal(): Disposal {
  const closers: (() => unknown)[] = [];
  return {
    defer: (close) => void closers.push(close),
    dispose: async () => {
      const errors: unknown[] = [];
      for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
        try {
          await close();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw errors[0];
    },
  };
}
