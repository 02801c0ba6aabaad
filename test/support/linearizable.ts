/**
 * A call in a history of concurrent calls. `invoked` and `answered` are counted by one clock: a call that was answered
 * before another was invoked comes before it.
 */
export interface Entry<S> {
  readonly invoked: number;
  readonly answered: number;
  /** The states that may follow if the call takes effect in this one with its answer; none if it can't. */
  readonly effects: (state: S) => readonly S[];
  /** the entry that it follows from, by its place in the history */
  readonly after?: number;
  /** it may as well not take effect at all */
  readonly optional?: boolean;
}

/**
 * Whether there is an order of the calls, consistent with real time, that explains every answer: linearizability, by trying
 * all orders (Wing and Gong). `nameOf` gives equal states equal names. For histories of a few dozen calls.
 */
export function isLinearizable<S>(history: readonly Entry<S>[], initial: S, nameOf: (state: S) => string): boolean {
  const seen = new Set<string>();
  const search = (open: ReadonlySet<number>, state: S): boolean => {
    const entries = [...open].flatMap((at) => {
      const entry = history[at];
      return entry === undefined ? [] : [{ at, entry }];
    });
    if (entries.every(({ entry }) => entry.optional === true)) return true;
    const name = `${[...open].join()} ${nameOf(state)}`;
    if (seen.has(name)) return false;
    seen.add(name);
    // Nothing can take effect after a call was answered that has not taken effect yet.
    const deadline = Math.min(...entries.map(({ entry }) => (entry.optional === true ? Infinity : entry.answered)));
    return entries.some(({ at, entry }) => {
      if (entry.invoked > deadline || (entry.after !== undefined && open.has(entry.after))) return false;
      const rest = new Set(open);
      rest.delete(at);
      return entry.effects(state).some((next) => search(rest, next));
    });
  };
  return search(new Set(history.keys()), initial);
}
