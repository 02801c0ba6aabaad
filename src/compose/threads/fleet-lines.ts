/** A line of a store, in memory outside of the heap: there each collection of garbage would copy those of a whole batch. */
export interface PlacedLine {
  readonly store: string;
  readonly chunk: Buffer;
  readonly from: number;
  readonly to: number;
}

const chunkSize = 1024 * 1024;

/** Places lines one after the other. */
export function createLines(): (store: string, line: string) => PlacedLine {
  let chunk = Buffer.alloc(0);
  let used = 0;
  return (store, line) => {
    const most = 3 * line.length;
    if (used + most > chunk.length) {
      chunk = Buffer.allocUnsafeSlow(Math.max(chunkSize, most));
      used = 0;
    }
    const from = used;
    used += chunk.write(line, from);
    return { store, chunk, from, to: used };
  };
}

/** The lines of a store are a range of bytes: the JSON of a list. */
export interface StoreRange {
  readonly store: string;
  /** number of lines */
  readonly count: number;
  readonly from: number;
  readonly to: number;
}

export interface StoreLines {
  readonly bytes: ArrayBuffer;
  readonly stores: readonly StoreRange[];
}

const [open = 0, comma = 0, close = 0] = Buffer.from('[,]');

/** The lines of a batch by store, in memory that can be passed to another thread. */
export function linesByStore(lines: readonly PlacedLine[]): StoreLines {
  const byStore = new Map<string, PlacedLine[]>();
  let length = 0;
  for (const line of lines) {
    const of = byStore.get(line.store);
    if (of === undefined) byStore.set(line.store, [line]);
    else of.push(line);
    length += line.to - line.from + 1;
  }
  const bytes = Buffer.allocUnsafeSlow(length + byStore.size);
  const stores: StoreRange[] = [];
  let at = 0;
  for (const [store, those] of byStore) {
    const from = at;
    for (const [index, { chunk, from: start, to }] of those.entries()) {
      bytes[at] = index === 0 ? open : comma;
      at += 1 + chunk.copy(bytes, at + 1, start, to);
    }
    bytes[at] = close;
    at += 1;
    stores.push({ store, count: those.length, from, to: at });
  }
  return { bytes: bytes.buffer as ArrayBuffer, stores };
}

export const textOf = (bytes: ArrayBuffer, { from, to }: StoreRange): string =>
  Buffer.from(bytes, from, to - from).toString();
