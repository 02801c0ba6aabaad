/** The deeds of a hash trie: functions that take and answer branches. */

import { firstFrom } from './first-from.ts';
import { made } from './trie-from-leaves.ts';
import {
  type Branch,
  bitOf,
  bits,
  type Collision,
  countBits,
  type Deferred,
  isBranch,
  isCollision,
  isDeferred,
  type Leaf,
  type Made,
  type Owner,
  orderOf,
  type Slot,
} from './trie-nodes.ts';

export function find<K, V>(root: Branch<K, V>, key: K, hash: number): Leaf<K, V> | undefined {
  let branch = root;
  for (let shift = 0; ; shift += bits) {
    const bit = bitOf(hash, shift);
    if ((branch.bitmap & bit) === 0) return undefined;
    const slot = madeIn(branch, countBits(branch.bitmap & (bit - 1)));
    if (slot === undefined) return undefined;
    if (isBranch(slot)) branch = slot;
    else if (isCollision(slot)) return slot.find((leaf) => leaf.key === key);
    else return slot.key === key ? slot : undefined;
  }
}

/** As `find`, but leaves no trace. */
export function glimpse<K, V>(root: Branch<K, V>, key: K, hash: number): Leaf<K, V> | undefined {
  let branch = root;
  for (let shift = 0; ; shift += bits) {
    const bit = bitOf(hash, shift);
    if ((branch.bitmap & bit) === 0) return undefined;
    const slot = peeked(branch.slots[countBits(branch.bitmap & (bit - 1))]);
    if (slot === undefined) return undefined;
    if (isDeferred(slot)) return glimpseIn(slot, key, hash);
    if (isBranch(slot)) branch = slot;
    else if (isCollision(slot)) return slot.find((leaf) => leaf.key === key);
    else return slot.key === key ? slot : undefined;
  }
}

function glimpseIn<K, V>(range: Deferred<K, V>, key: K, hash: number): Leaf<K, V> | undefined {
  const { source, to } = range;
  const first = firstFrom(range, (at) => orderOf(source.hashAt(at)), orderOf(hash));
  for (let at = first; at < to && source.hashAt(at) === hash; at++) {
    const leaf = source.leafAt(at);
    if (leaf.key === key) return leaf;
  }
  return undefined;
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

function joined<K, V>(owner: Owner, shift: number, there: Slot<K, V>, leaf: Leaf<K, V>): Slot<K, V> {
  const slot = made(there);
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
function without<K, V>(owner: Owner, there: Slot<K, V>, shift: number, key: K, hash: number): Slot<K, V> | undefined {
  const slot = made(there);
  if (isBranch(slot)) {
    const rest = prune(owner, slot, shift, key, hash);
    const [only] = rest.slots;
    if (only === undefined) return undefined;
    return rest.slots.length === 1 && !isBranch(made(only)) ? only : rest;
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

/**
 * All leaves. Those that are not made yet are made again each time, so that who only looks on leaves no trace in the trie;
 * with `keep` they stay, for those who come again.
 */
export function* leavesOf<K, V>(branch: Branch<K, V>, keep = false): IterableIterator<Leaf<K, V>> {
  for (let at = 0; at < branch.slots.length; at++) {
    const slot = keep ? madeIn(branch, at) : peeked(branch.slots[at]);
    if (slot === undefined) continue;
    if (isBranch(slot)) yield* leavesOf(slot, keep);
    else if (isDeferred(slot)) yield* deferredLeaves(slot);
    else if (isCollision(slot)) yield* slot;
    else yield slot;
  }
}

/** All leaves, as `leavesOf` gives them, without the cost of a generator. */
export function visitLeaves<K, V>(branch: Branch<K, V>, visit: (leaf: Leaf<K, V>) => void): void {
  for (const there of branch.slots) {
    const slot = peeked(there);
    if (slot === undefined) continue;
    if (isBranch(slot)) visitLeaves(slot, visit);
    else if (isDeferred(slot)) for (let at = slot.from; at < slot.to; at++) visit(slot.source.leafAt(at));
    else if (isCollision(slot)) slot.forEach(visit);
    else visit(slot);
  }
}

function* deferredLeaves<K, V>({ source, from, to }: Deferred<K, V>): IterableIterator<Leaf<K, V>> {
  for (let at = from; at < to; at++) yield source.leafAt(at);
}

const peeked = <K, V>(slot: Slot<K, V> | undefined) =>
  slot !== undefined && isDeferred(slot) ? (slot.opened ?? slot) : slot;

/** What stands in a branch, which from now on holds it itself. */
function madeIn<K, V>(branch: Branch<K, V>, at: number): Made<K, V> | undefined {
  const slot = branch.slots[at];
  if (slot === undefined || !isDeferred(slot)) return slot;
  const opened = made(slot);
  branch.slots[at] = opened;
  return opened;
}
