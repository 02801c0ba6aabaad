/**
 * One run a key at a time. A call that comes while one runs can't be covered by it: it waits for the next run, which all
 * that wait share, and fails with it.
 */
export function shareRuns(run: (key: string) => Promise<void>): (key: string) => Promise<void> {
  const running = new Map<string, Promise<void>>();
  const waiting = new Map<string, Promise<void>>();
  const start = (key: string): Promise<void> => {
    const current = run(key).finally(() => running.delete(key));
    running.set(key, current);
    return current;
  };
  const queue = (key: string, current: Promise<void>): Promise<void> => {
    const startNext = () => {
      waiting.delete(key);
      return start(key);
    };
    const next = current.then(startNext, startNext);
    waiting.set(key, next);
    return next;
  };
  return (key) => {
    const next = waiting.get(key);
    if (next !== undefined) return next;
    const current = running.get(key);
    return current === undefined ? start(key) : queue(key, current);
  };
}
