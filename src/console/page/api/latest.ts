/**
 * Runs an action for one value at a time. Of the values that come meanwhile only the newest is kept, and is next. The action must
 * not reject.
 */
export function createLatest<T>(action: (value: T) => Promise<void>): (value: T) => void {
  let next: { readonly value: T } | undefined;
  let running = false;
  return async (value) => {
    next = { value };
    if (running) return;
    running = true;
    while (next !== undefined) {
      const { value: newest } = next as { readonly value: T };
      next = undefined;
      await action(newest);
    }
    running = false;
  };
}
