/**
 * The order of a round: over as many rounds as there are entries, twice as many if that is odd, each entry follows each other one
 * equally often (a Williams design). What one leaves behind then affects all others alike.
 */
export function balancedOrder<T>(round: number, entries: readonly T[]): readonly T[] {
  const count = entries.length;
  const order = entries.flatMap((_, place) => {
    // 0, 1, -1, 2, -2 ..., each round one further.
    const step = place % 2 === 1 ? (place + 1) / 2 : count - place / 2;
    const index = (round + step) % count;
    return entries.slice(index, index + 1);
  });
  return count % 2 === 1 && Math.floor(round / count) % 2 === 1 ? order.reverse() : order;
}
