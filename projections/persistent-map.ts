/**
 * An immutable map: `set` and `delete` answer a new map and leave the old one as it was, sharing all that did not
 * change. A state of the projections is therefore a value that can be kept, read in peace and gone back to. Cost per
 * call is that of a hash trie with 32 branches: four levels at a hundred thousand keys.
 *
 * For folding many events at once, `thaw` answers a map that changes in place, `freeze` ends that.
 */
export interface PersistentMap<K extends string | number, V> extends Iterable<readonly [K, V]> {
  readonly size: number;
  get(key: K): V | undefined;
  has(key: K): boolean;
  set(key: K, value: V): PersistentMap<K, V>;
  delete(key: K): PersistentMap<K, V>;
  thaw(): PersistentMap<K, V>;
  freeze(): PersistentMap<K, V>;
  values(): IterableIterator<V>;
}

type Owner = Record<string, never> | null;

interface Leaf<K, V> {
  readonly hash: number;
  readonly key: K;
  readonly value: V;
}

interface Branch<K, V> {
  readonly owner: Owner;
  bitmap: number;
  /** Always made at its length: an array that has grown keeps room for more, which most of a hundred thousand never need. */
  slots: Slot<K, V>[];
}

/** Leaves whose keys have one and the same 32-bit hash. */
type Collision<K, V> = readonly Leaf<K, V>[];
type Slot<K, V> = Leaf<K, V> | Branch<K, V> | Collision<K, V>;

const bits = 5;
const mask = (1 << bits) - 1;

/** Numbers that follow each other get hashes that part in the last digit: ids then fill branches, and neighbours are together. */
function hashOf(key: string | number): number {
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
const emptyBranch = <K, V>(owner: Owner): Branch<K, V> => ({ owner, bitmap: 0, slots: [] });

function find<K, V>(root: Branch<K, V>, key: K, hash: number): Leaf<K, V> | undefined {
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

function insert<K, V>(owner: Owner, branch: Branch<K, V>, shift: number, leaf: Leaf<K, V>): Branch<K, V> {
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
function prune<K, V>(owner: Owner, branch: Branch<K, V>, shift: number, key: K, hash: number): Branch<K, V> {
  const bit = bitOf(hash, shift);
  const at = countBits(branch.bitmap & (bit - 1));
  const slot = branch.slots[at];
  const rest = slot === undefined ? undefined : without(owner, slot, shift + bits, key, hash);
  return rest === undefined
    ? withSlots(owner, branch, branch.bitmap & ~bit, branch.slots.toSpliced(at, 1))
    : withSlot(owner, branch, at, rest);
}

function* leavesOf<K, V>(branch: Branch<K, V>): IterableIterator<Leaf<K, V>> {
  for (const slot of branch.slots) {
    if (isBranch(slot)) yield* leavesOf(slot);
    else if (isCollision(slot)) yield* slot;
    else yield slot;
  }
}

/** A map of any number of entries. */
class Trie<K extends string | number, V> implements PersistentMap<K, V> {
  size: number;
  readonly #owner: Owner;
  #root: Branch<K, V>;

  constructor(root: Branch<K, V>, size: number, owner: Owner) {
    this.#root = root;
    this.size = size;
    this.#owner = owner;
  }

  get(key: K): V | undefined {
    return find(this.#root, key, hashOf(key))?.value;
  }

  has(key: K): boolean {
    return find(this.#root, key, hashOf(key)) !== undefined;
  }

  set(key: K, value: V): PersistentMap<K, V> {
    const leaf = { hash: hashOf(key), key, value };
    const old = find(this.#root, key, leaf.hash);
    if (old !== undefined && old.value === value) return this;
    if (this.size === 0 && this.#owner === null) return new Single(key, value);
    return this.#next(insert(this.#owner, this.#root, 0, leaf), old === undefined ? this.size + 1 : this.size);
  }

  delete(key: K): PersistentMap<K, V> {
    const hash = hashOf(key);
    if (find(this.#root, key, hash) === undefined) return this;
    return this.#next(prune(this.#owner, this.#root, 0, key, hash), this.size - 1);
  }

  thaw(): PersistentMap<K, V> {
    return new Trie(this.#root, this.size, {});
  }

  freeze(): PersistentMap<K, V> {
    return new Trie(this.#root, this.size, null);
  }

  *[Symbol.iterator](): IterableIterator<readonly [K, V]> {
    for (const leaf of leavesOf(this.#root)) yield [leaf.key, leaf.value];
  }

  *values(): IterableIterator<V> {
    for (const leaf of leavesOf(this.#root)) yield leaf.value;
  }

  #next(root: Branch<K, V>, size: number): PersistentMap<K, V> {
    if (this.#owner === null) return new Trie(root, size, null);
    this.#root = root;
    this.size = size;
    return this;
  }
}

/** A map of one entry, which most maps of children are: a quarter of the memory of a trie. */
class Single<K extends string | number, V> implements PersistentMap<K, V> {
  readonly size = 1;
  readonly #key: K;
  readonly #value: V;

  constructor(key: K, value: V) {
    this.#key = key;
    this.#value = value;
  }

  get(key: K): V | undefined {
    return key === this.#key ? this.#value : undefined;
  }

  has(key: K): boolean {
    return key === this.#key;
  }

  set(key: K, value: V): PersistentMap<K, V> {
    if (key !== this.#key) return this.#trie(null).set(key, value);
    return value === this.#value ? this : new Single(key, value);
  }

  delete(key: K): PersistentMap<K, V> {
    return key === this.#key ? emptyMap() : this;
  }

  thaw(): PersistentMap<K, V> {
    return this.#trie({});
  }

  freeze(): PersistentMap<K, V> {
    return this;
  }

  *[Symbol.iterator](): IterableIterator<readonly [K, V]> {
    yield [this.#key, this.#value];
  }

  *values(): IterableIterator<V> {
    yield this.#value;
  }

  #trie(owner: Owner): Trie<K, V> {
    const leaf = { hash: hashOf(this.#key), key: this.#key, value: this.#value };
    return new Trie(insert(owner, emptyBranch<K, V>(owner), 0, leaf), 1, owner);
  }
}

const empty = new Trie<never, never>(emptyBranch(null), 0, null);

export const emptyMap = <K extends string | number, V>(): PersistentMap<K, V> =>
  empty as unknown as PersistentMap<K, V>;
