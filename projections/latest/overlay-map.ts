/** What is read of a projection: of a Map, or of an OverlayMap. */
export interface ReadableMap<K, V> extends Iterable<readonly [K, V]> {
  readonly size: number;
  get(key: K): V | undefined;
  has(key: K): boolean;
  keys(): Iterable<K>;
  values(): Iterable<V>;
}

/** What a fold does to a projection. */
interface MutableMap<K, V> extends ReadableMap<K, V> {
  set(key: K, value: V): unknown;
  delete(key: K): boolean;
}

/** The same projection for its fold. */
export type Mutable<M> = M extends ReadableMap<infer K, infer V> ? MutableMap<K, V> : never;

/** The newest change to an entry; `value` is undefined if it was deleted. */
interface Change<V> {
  readonly value: V | undefined;
  readonly position: number;
}

/**
 * A few changes over another map, which is not changed by them. `position` is that of the event whose changes are made. The
 * base may change meanwhile, by the same events in the same order: `prune` then forgets the changes that it has.
 */
export class OverlayMap<K, V> implements MutableMap<K, V> {
  readonly #base: ReadableMap<K, V>;
  readonly #position: () => number;
  /** in the order of their positions */
  readonly #changes = new Map<K, Change<V>>();

  constructor(base: ReadableMap<K, V>, position: () => number) {
    this.#base = base;
    this.#position = position;
  }

  /** Takes time for every change. */
  get size(): number {
    let { size } = this.#base;
    for (const [key, { value }] of this.#changes) size += Number(value !== undefined) - Number(this.#base.has(key));
    return size;
  }

  get(key: K): V | undefined {
    const change = this.#changes.get(key);
    return change === undefined ? this.#base.get(key) : change.value;
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  set(key: K, value: V): void {
    this.#change(key, value);
  }

  delete(key: K): boolean {
    const had = this.has(key);
    if (had) this.#change(key, undefined);
    return had;
  }

  *[Symbol.iterator](): IterableIterator<readonly [K, V]> {
    for (const entry of this.#base) if (!this.#changes.has(entry[0])) yield entry;
    for (const [key, { value }] of this.#changes) if (value !== undefined) yield [key, value];
  }

  *keys(): IterableIterator<K> {
    for (const [key] of this) yield key;
  }

  *values(): IterableIterator<V> {
    for (const [, value] of this) yield value;
  }

  /** Forgets the changes of all events up to a position: the base has them. */
  prune(position: number): void {
    for (const [key, change] of this.#changes) {
      if (change.position > position) return;
      this.#changes.delete(key);
    }
  }

  /** Forgets all changes. */
  clear(): void {
    this.#changes.clear();
  }

  #change(key: K, value: V | undefined): void {
    this.#changes.delete(key);
    this.#changes.set(key, { value, position: this.#position() });
  }
}
