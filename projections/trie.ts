/**
 * A hash trie with 32 branches whose nodes are never changed, but by the one owner that made them: what
 * `PersistentMap` is built of. Functions take and answer branches.
 */

export type Owner = Record<string, never> | null;

export interface Leaf<K, V> {
  readonly hash: number;
  readonly key: K;
  readonly value: V;
}

export interface Branch<K, V> {
  readonly owner: Owner;
  bitmap: number;
  /** Always made at its length: an array that has grown keeps room for more, which most of a hundred thousand never need. */
  slots: Slot<K, V>[];
}

/** Leaves whose keys have one and the same 32-bit hash. */
type Collision<K, V> = readonly Leaf<K, V>[];
type Slot<K, V> = Leaf<K, V> | Branch<K, V> | Collision<K, V>;

const bits = 5;
const branches = 1 << bits;
const mask = branches - 1;
/** Where the last digit of a hash begins. */
const deepest = 30;

/** Numbers that follow each other get hashes that part in the last digit: ids then fill branches, and neighbours are together. */
export function hashOf(key: string | number): number {
  if (typeof key === 'number') return mirrored(key);
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}

/** The six digits of a number's low 30 bits in reverse order, as the trie takes the lowest digit of a hash first. */
function mirrored(key: number): number {
  const high = ((key >>> 25) & mask) | ((key >>> 15) & (mask << 5)) | ((key >>> 5) & (mask << 10));
  const low = ((key & (mask << 10)) << 5) | ((key & (mask << 5)) << 15) | ((key & mask) << 25);
  return high | low;
}

function bitOf(hash: number, shift: number): number {
  return 1 << ((hash >>> shift) & mask);
}

function countBits(bitmap: number): number {
  let n = bitmap - ((bitmap >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

const isBranch = <K, V>(slot: Slot<K, V>): slot is Branch<K, V> => 'slots' in slot;
const isCollision = <K, V>(slot: Slot<K, V>): slot is Collision<K, V> => Array.isArray(slot);
export const emptyBranch = <K, V>(owner: Owner): Branch<K, V> => ({ owner, bitmap: 0, slots: [] });

export function find<K, V>(root: Branch<K, V>, key: K, hash: number): Leaf<K, V> | undefined {
  let branch = root;
  for (let shift = 0; ; shift += bits) {
    const bit = bitOf(hash, shift);
    if ((branch.bitmap & bit) === 0) return undefined;
    const slot = branch.slots[countBits(branch.bitmap & (bit - 1))];
    if (slot === undefined) return undefined;
    if (isBranch(slot)) branch = slot;
    else if (isCollision(slot)) return slot.find((leaf) => leaf.key === key);
    else return slot.key === key ? slot : undefined;
  }
}

const mayChange = <K, V>(owner: Owner, branch: Branch<K, V>): boolean => owner !== null && branch.owner === owner;

/** The branch with these slots: itself where this owner may change it, else a new one. */
function withSlots<K, V>(owner: Owner, branch: Branch<K, V>, bitmap: number, slots: Slot<K, V>[]): Branch<K, V> {
  if (!mayChange(owner, branch)) return { owner, bitmap, slots };
  branch.bitmap = bitmap;
  branch.slots = slots;
  return branch;
}

/** The branch with another slot in one place. */
function withSlot<K, V>(owner: Owner, branch: Branch<K, V>, at: number, slot: Slot<K, V>): Branch<K, V> {
  if (!mayChange(owner, branch)) return { owner, bitmap: branch.bitmap, slots: branch.slots.with(at, slot) };
  branch.slots[at] = slot;
  return branch;
}

/** Two leaves with different hashes, one below the other until their hashes part. */
function part<K, V>(owner: Owner, shift: number, old: Leaf<K, V> | Collision<K, V>, leaf: Leaf<K, V>): Slot<K, V> {
  const oldHash = isCollision(old) ? (old[0]?.hash ?? 0) : old.hash;
  const oldBit = bitOf(oldHash, shift);
  const newBit = bitOf(leaf.hash, shift);
  if (oldBit === newBit) return { owner, bitmap: oldBit, slots: [part(owner, shift + bits, old, leaf)] };
  return { owner, bitmap: oldBit | newBit, slots: oldBit >>> 0 < newBit >>> 0 ? [old, leaf] : [leaf, old] };
}

function joined<K, V>(owner: Owner, shift: number, slot: Slot<K, V>, leaf: Leaf<K, V>): Slot<K, V> {
  if (isBranch(slot)) return insert(owner, slot, shift, leaf);
  if (isCollision(slot))
    return slot[0]?.hash === leaf.hash
      ? [...slot.filter((other) => other.key !== leaf.key), leaf]
      : part(owner, shift, slot, leaf);
  if (slot.key === leaf.key) return leaf;
  return slot.hash === leaf.hash ? [slot, leaf] : part(owner, shift, slot, leaf);
}

export function insert<K, V>(owner: Owner, branch: Branch<K, V>, shift: number, leaf: Leaf<K, V>): Branch<K, V> {
  const bit = bitOf(leaf.hash, shift);
  const at = countBits(branch.bitmap & (bit - 1));
  const slot = branch.slots[at];
  if ((branch.bitmap & bit) === 0 || slot === undefined)
    return withSlots(owner, branch, branch.bitmap | bit, branch.slots.toSpliced(at, 0, leaf));
  return withSlot(owner, branch, at, joined(owner, shift + bits, slot, leaf));
}

/** What remains of a slot without the key: undefined for nothing, a lone leaf instead of a branch that holds only it. */
function without<K, V>(owner: Owner, slot: Slot<K, V>, shift: number, key: K, hash: number): Slot<K, V> | undefined {
  if (isBranch(slot)) {
    const rest = prune(owner, slot, shift, key, hash);
    const [only] = rest.slots;
    if (only === undefined) return undefined;
    return rest.slots.length === 1 && !isBranch(only) ? only : rest;
  }
  if (!isCollision(slot)) return undefined;
  const rest = slot.filter((leaf) => leaf.key !== key);
  return rest.length === 1 ? rest[0] : rest;
}

/** The branch without a key that is known to be in it. */
export function prune<K, V>(owner: Owner, branch: Branch<K, V>, shift: number, key: K, hash: number): Branch<K, V> {
  const bit = bitOf(hash, shift);
  const at = countBits(branch.bitmap & (bit - 1));
  const slot = branch.slots[at];
  const rest = slot === undefined ? undefined : without(owner, slot, shift + bits, key, hash);
  return rest === undefined
    ? withSlots(owner, branch, branch.bitmap & ~bit, branch.slots.toSpliced(at, 1))
    : withSlot(owner, branch, at, rest);
}

export function* leavesOf<K, V>(branch: Branch<K, V>): IterableIterator<Leaf<K, V>> {
  for (const slot of branch.slots) {
    if (isBranch(slot)) yield* leavesOf(slot);
    else if (isCollision(slot)) yield* slot;
    else yield slot;
  }
}

/**
 * The trie of all the leaves, built from below, which is a fraction of the work of inserting them one by one, and how many
 * there are. Of leaves with the same key the last one counts. Nobody owns it.
 */
export function grown<K, V>(leaves: readonly Leaf<K, V>[]): { readonly root: Branch<K, V>; readonly size: number } {
  const inOrder = leaves.toSorted((a, b) => orderOf(a.hash) - orderOf(b.hash));
  let size = 0;
  const slotOf = (from: number, to: number, shift: number): Slot<K, V> => {
    if (to - from > 1 && shift <= deepest) return branchOf(from, to, shift);
    const group = inOrder.slice(from, to);
    const distinct = group.length === 1 ? group : [...new Map(group.map((leaf) => [leaf.key, leaf])).values()];
    size += distinct.length;
    const [only] = distinct;
    return distinct.length === 1 && only !== undefined ? only : distinct;
  };
  const branchOf = (from: number, to: number, shift: number): Branch<K, V> => {
    const slots: Slot<K, V>[] = [];
    let bitmap = 0;
    for (let start = from; start < to; ) {
      const bit = bitOf(inOrder[start]?.hash ?? 0, shift);
      let end = start + 1;
      while (end < to && bitOf(inOrder[end]?.hash ?? 0, shift) === bit) end += 1;
      slots.push(slotOf(start, end, shift + bits));
      bitmap |= bit;
      start = end;
    }
    return { owner: null, bitmap, slots: slots.slice() };
  };
  return { root: branchOf(0, inOrder.length, 0), size };
}

/** By this number hashes are in the order in which the leaves stand in a trie: its digits from the lowest on, then what is left. */
const orderOf = (hash: number): number => mirrored(hash) * 4 + (hash >>> deepest);
