/** Calls for the same key while one runs wait for its result, so that there is at most one run a key. The next call begins anew. */
export function shareRuns<K, V>(run: (key: K) => Promise<V>): (key: K) => Promise<V> {
  const running = new Map<K, Promise<V>>();
  return (key) => {
    const known = running.get(key) ?? run(key).finally(() => running.delete(key));
    running.set(key, known);
    return known;
  };
}
