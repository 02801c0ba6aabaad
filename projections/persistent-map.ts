import { find, glimpse, insert, leavesOf, prune, visitLeaves } from './trie.ts';
import { deferredTrie, grown } from './trie-from-leaves.ts';
import { type Branch, emptyBranch, hashOf, type Leaf, type LeafSource, type Owner } from './trie-nodes.ts';

/**
 * An immutable map: `set` and `delete` answer a new map and leave the old one as it was, sharing all that did not
 * change. A state of the projections is therefore a value that can be kept, read in peace and gone back to. Cost per
 * call is that of a hash trie with 32 branches: four levels at a hundred thousand keys.
 *
 * For folding many events at once, `thaw` answers a map that changes in place, `freeze` ends that.
 *
 * Entries of a `deferredMap` are made when they are looked at. To go through the map itself keeps none of them.
 */
export interface PersistentMap<K extends string | number, V> extends Iterable<readonly [K, V]> {
  readonly size: number;
  get(key: K): V | undefined;
  /** As `get`, but keeps nothing that was not made yet. */
  peek(key: K): V | undefined;
  has(key: K): boolean;
  set(key: K, value: V): PersistentMap<K, V>;
  delete(key: K): PersistentMap<K, V>;
  thaw(): PersistentMap<K, V>;
  freeze(): PersistentMap<K, V>;
  /** All of them, and kept where they were not made yet: the next who asks gets the very same. */
  values(): IterableIterator<V>;
  /** As going through it, in a third of the time. */
  each(visit: (key: K, value: V) => void): void;
}

const leafOf = <K extends string | number, V>(key: K, value: V): Leaf<K, V> => ({ hash: hashOf(key), key, value });

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

  peek(key: K): V | undefined {
    return glimpse(this.#root, key, hashOf(key))?.value;
  }

  has(key: K): boolean {
    return find(this.#root, key, hashOf(key)) !== undefined;
  }

  set(key: K, value: V): PersistentMap<K, V> {
    const leaf = leafOf(key, value);
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
    for (const leaf of leavesOf(this.#root, true)) yield leaf.value;
  }

  each(visit: (key: K, value: V) => void): void {
    visitLeaves(this.#root, (leaf) => visit(leaf.key, leaf.value));
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

  peek(key: K): V | undefined {
    return this.get(key);
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

  each(visit: (key: K, value: V) => void): void {
    visit(this.#key, this.#value);
  }

  #trie(owner: Owner): Trie<K, V> {
    const leaf = leafOf(this.#key, this.#value);
    return new Trie(insert(owner, emptyBranch<K, V>(owner), 0, leaf), 1, owner);
  }
}

const empty = new Trie<never, never>(emptyBranch(null), 0, null);

export const emptyMap = <K extends string | number, V>(): PersistentMap<K, V> =>
  empty as unknown as PersistentMap<K, V>;

/** The map of these entries, built at once. Of equal keys the last one counts. */
export function mapOf<K extends string | number, V>(entries: Iterable<readonly [K, V]>): PersistentMap<K, V> {
  const { root, size } = grown(Array.from(entries, ([key, value]) => leafOf(key, value)));
  return size === 0 ? emptyMap() : new Trie(root, size, null);
}

/** The map of a source's entries, each made when it is looked at. */
export function deferredMap<K extends string | number, V>(source: LeafSource<K, V>): PersistentMap<K, V> {
  return source.size === 0 ? emptyMap() : new Trie(deferredTrie(source), source.size, null);
}
