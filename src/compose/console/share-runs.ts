interface Run<V> {
  readonly result: Promise<V>;
  readonly end: AbortController;
  waiting: number;
}

/**
 * Calls for the same key while one runs wait for its result, so that there is at most one run a key. A run is ended when all who
 * waited for it have gone. The next call begins anew.
 */
export function shareRuns<K, V>(
  run: (key: K, signal: AbortSignal) => Promise<V>,
): (key: K, gone?: AbortSignal) => Promise<V> {
  const running = new Map<K, Run<V>>();
  const forget = (key: K, one: Run<V>) => {
    if (running.get(key) === one) running.delete(key);
  };
  const start = (key: K): Run<V> => {
    const end = new AbortController();
    const started: Run<V> = { end, waiting: 0, result: run(key, end.signal).finally(() => forget(key, started)) };
    running.set(key, started);
    return started;
  };
  return (key, gone) => {
    const one = running.get(key) ?? start(key);
    one.waiting += 1;
    const leave = () => {
      one.waiting -= 1;
      if (one.waiting > 0) return;
      forget(key, one);
      one.end.abort(new Error('nobody waits for it any more'));
    };
    if (gone?.aborted) leave();
    gone?.addEventListener('abort', leave, { once: true });
    return one.result.finally(() => gone?.removeEventListener('abort', leave));
  };
}
