/** Tries that are made of all their leaves: at once, or only where somebody looks. */

import {
  type Branch,
  bitOf,
  bits,
  type Deferred,
  deepest,
  isDeferred,
  type Leaf,
  type LeafSource,
  type Made,
  orderOf,
  type Slot,
} from './trie-nodes.ts';

/** What a slot is, made now where it was deferred; that changes nothing that anybody can see. */
export function made<K, V>(slot: Slot<K, V>): Made<K, V> {
  if (!isDeferred(slot)) return slot;
  slot.opened ??= open(slot);
  return slot.opened;
}

function open<K, V>({ source, from, to, shift }: Deferred<K, V>): Made<K, V> {
  if (to - from === 1) return source.leafAt(from);
  if (shift <= deepest) return split(source, { from, to, shift }, deferred);
  return Array.from({ length: to - from }, (_, index) => source.leafAt(from + index));
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly shift: number;
}

const deferred = <K, V>(source: LeafSource<K, V>, { from, to, shift }: Range): Slot<K, V> => ({
  source,
  from,
  to,
  shift,
  opened: undefined,
});

/** The branch of a range of leaves, which nobody owns; `slotOf` says what a range below it becomes. */
function split<K, V>(
  source: LeafSource<K, V>,
  { from, to, shift }: Range,
  slotOf: (source: LeafSource<K, V>, range: Range) => Slot<K, V>,
): Branch<K, V> {
  const slots: Slot<K, V>[] = [];
  let bitmap = 0;
  for (let start = from; start < to; ) {
    const bit = bitOf(source.hashAt(start), shift);
    let end = start + 1;
    while (end < to && bitOf(source.hashAt(end), shift) === bit) end += 1;
    slots.push(slotOf(source, { from: start, to: end, shift: shift + bits }));
    bitmap |= bit;
    start = end;
  }
  return { owner: null, bitmap, slots: slots.slice() };
}

/** The trie of a source's leaves, of which hardly anything is made yet. Nobody owns it. */
export const deferredTrie = <K, V>(source: LeafSource<K, V>): Branch<K, V> =>
  split(source, { from: 0, to: source.size, shift: 0 }, deferred);

/**
 * The trie of all the leaves, built from below, which is a fraction of the work of inserting them one by one, and how many
 * there are. Of leaves with the same key the last one counts. Nobody owns it.
 */
export function grown<K, V>(leaves: readonly Leaf<K, V>[]): { readonly root: Branch<K, V>; readonly size: number } {
  const inOrder = leaves.toSorted((a, b) => orderOf(a.hash) - orderOf(b.hash));
  const source: LeafSource<K, V> = {
    size: inOrder.length,
    hashAt: (at) => inOrder[at]?.hash ?? 0,
    leafAt: (at) => inOrder[at] as Leaf<K, V>,
  };
  let size = 0;
  const slotOf = (_: LeafSource<K, V>, range: Range): Slot<K, V> => {
    const { from, to, shift } = range;
    if (to - from > 1 && shift <= deepest) return split(source, range, slotOf);
    const group = inOrder.slice(from, to);
    const distinct = group.length === 1 ? group : [...new Map(group.map((leaf) => [leaf.key, leaf])).values()];
    size += distinct.length;
    const [only] = distinct;
    return distinct.length === 1 && only !== undefined ? only : distinct;
  };
  return { root: split(source, { from: 0, to: inOrder.length, shift: 0 }, slotOf), size };
}
