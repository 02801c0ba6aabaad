/** The first of the places in a range, which are in the order of their values, that has at least a value; `to` where none has. */
export function firstFrom(
  { from, to }: { readonly from: number; readonly to: number },
  valueAt: (at: number) => number,
  value: number,
): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (valueAt(middle) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
