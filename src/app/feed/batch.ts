import type { EncodedEvents } from '../../ports/event-log.ts';

const lineFeed = 0x0a;

/** Encoded events on their way to readers; what one reader makes of them is there for the next one as well. */
export class Batch implements EncodedEvents {
  readonly first: number;
  readonly count: number;
  readonly lines: Uint8Array;
  readonly #made = new Map<unknown, unknown>();

  constructor({ first, count, lines }: EncodedEvents) {
    this.first = first;
    this.count = count;
    this.lines = lines;
  }

  get last(): number {
    return this.first + this.count - 1;
  }

  /** What `make` makes of this batch, made once for each key. */
  once<T>(key: unknown, make: (batch: Batch) => T): T {
    if (!this.#made.has(key)) this.#made.set(key, make(this));
    return this.#made.get(key) as T;
  }

  /** The events after a position within this batch; the same batch where that is all of them. */
  after(position: number): Batch {
    if (position < this.first) return this;
    let start = 0;
    for (let skip = position - this.first + 1; skip > 0; skip--) start = this.lines.indexOf(lineFeed, start) + 1;
    return new Batch({ first: position + 1, count: this.last - position, lines: this.lines.subarray(start) });
  }
}
