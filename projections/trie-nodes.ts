/**
 * What a hash trie with 32 branches is made of, which is what `PersistentMap` is built of. Nodes are never changed, but by
 * the one owner that made them.
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
export type Collision<K, V> = readonly Leaf<K, V>[];

/** Leaves in the order in which they stand in a trie, each made when it is asked for. No two have the same key. */
export interface LeafSource<K, V> {
  readonly size: number;
  hashAt(at: number): number;
  /** May be asked for again, and then gives an equal one. */
  leafAt(at: number): Leaf<K, V>;
}

/** What the leaves from one place of a source up to another make: nothing is made of them before somebody looks there. */
export interface Deferred<K, V> {
  readonly source: LeafSource<K, V>;
  readonly from: number;
  readonly to: number;
  readonly shift: number;
  opened: Made<K, V> | undefined;
}

export type Made<K, V> = Leaf<K, V> | Branch<K, V> | Collision<K, V>;
export type Slot<K, V> = Made<K, V> | Deferred<K, V>;

export const bits = 5;
const branches = 1 << bits;
const mask = branches - 1;
/** Where the last digit of a hash begins. */
export const deepest = 30;

/** Numbers that follow each other get hashes that part in the last digit: ids then fill branches, and neighbours are together. */
export function hashOf(key: string | number): number {
  if (typeof key === 'number') return mirrored(key);
  let hash = firstHash;
  for (let i = 0; i < key.length; i++) hash = hashWith(hash, key.charCodeAt(i));
  return finished(hash);
}

/** Of a text's hash: where it begins, what the next UTF-16 code unit makes of it, and its end. */
export const firstHash = 0x811c9dc5;
export const hashWith = (hash: number, unit: number): number => Math.imul(hash ^ unit, 0x01000193);
export const finished = (hash: number): number => hash ^ (hash >>> 15);

/** The six digits of a number's low 30 bits in reverse order, as the trie takes the lowest digit of a hash first. */
function mirrored(key: number): number {
  const high = ((key >>> 25) & mask) | ((key >>> 15) & (mask << 5)) | ((key >>> 5) & (mask << 10));
  const low = ((key & (mask << 10)) << 5) | ((key & (mask << 5)) << 15) | ((key & mask) << 25);
  return high | low;
}

export function bitOf(hash: number, shift: number): number {
  return 1 << ((hash >>> shift) & mask);
}

export function countBits(bitmap: number): number {
  let n = bitmap - ((bitmap >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

export const isBranch = <K, V>(slot: Slot<K, V>): slot is Branch<K, V> => 'slots' in slot;
export const isDeferred = <K, V>(slot: Slot<K, V>): slot is Deferred<K, V> => 'source' in slot;
export const isCollision = <K, V>(slot: Slot<K, V>): slot is Collision<K, V> => Array.isArray(slot);
export const emptyBranch = <K, V>(owner: Owner): Branch<K, V> => ({ owner, bitmap: 0, slots: [] });

/** By this number hashes are in the order in which the leaves stand in a trie: its digits from the lowest on, then what is left. */
export const orderOf = (hash: number): number => mirrored(hash) * 4 + (hash >>> deepest);
