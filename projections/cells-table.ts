import { Kind } from '../events/codecs.ts';
import { finished, firstHash, hashOf, hashWith } from './trie-nodes.ts';

/**
 * Rows of living snapshots (`SnapshotCells`) as columns of numbers, read from the lines of a checkpoint: what every start
 * asks of all of them. Everything else of a row stays text until somebody asks for it.
 */
export interface CellsTable {
  readonly size: number;
  readonly id: Int32Array;
  /** -1 for none */
  readonly parentId: Int32Array;
  /** of the key, as in a trie */
  readonly hash: Int32Array;
  /** index into `kinds` */
  readonly kind: Uint8Array;
  readonly prepared: Float64Array;
  readonly touched: Uint8Array;
  readonly flushed: Uint8Array;
  /** -1 where they were not measured */
  readonly bytes: Float64Array;
  readonly inodes: Float64Array;
  keyOf(row: number): string;
  /** the whole row, parsed */
  cellsOf(row: number): unknown;
}

export const kinds = Object.keys(Kind.keys) as readonly Kind[];

/** A table, and the parsed rows of other sorts, in their order. */
export interface ReadLines {
  readonly table: CellsTable;
  readonly others: readonly unknown[];
}

const lineFeed = 0x0a;
const quote = 0x22;
const backslash = 0x5c;
const bracket = 0x5b;
const brace = 0x7b;
/** Larger ids do not stand in their order in a trie. */
const ordinaryId = 2 ** 30;

/**
 * Reads lines, `count` of them, as `JSON.stringify` makes them of rows. Undefined where a line of cells is anything else than
 * that, or has an id past 2^30: the codecs, which take every JSON of the same meaning, then have the word.
 */
export function readLines(lines: Buffer, count: number): ReadLines | undefined {
  const columns = createColumns(count);
  const others: unknown[] = [];
  const read = createReader(lines, columns);
  for (let start = 0; start < lines.length; ) {
    const end = lines.indexOf(lineFeed, start);
    if (end < 0 || columns.size + others.length === count) return undefined;
    if (lines[start] === brace) others.push(JSON.parse(lines.toString('utf8', start, end)));
    else if (!read(start, end)) return undefined;
    start = end + 1;
  }
  return { table: tableOf(lines, columns), others };
}

function createColumns(rows: number) {
  return {
    size: 0,
    id: new Int32Array(rows),
    parentId: new Int32Array(rows),
    hash: new Int32Array(rows),
    kind: new Uint8Array(rows),
    prepared: new Float64Array(rows),
    touched: new Uint8Array(rows),
    flushed: new Uint8Array(rows),
    bytes: new Float64Array(rows),
    inodes: new Float64Array(rows),
    /** where the line begins and ends, and the key in it, between its quotes */
    start: new Uint32Array(rows),
    end: new Uint32Array(rows),
    keyFrom: new Uint32Array(rows),
    keyTo: new Uint32Array(rows),
    /** The key's bytes are the key itself. */
    plain: new Uint8Array(rows),
  };
}

type Columns = ReturnType<typeof createColumns>;

/** Adds a line to the columns; answers whether it could be read. */
function createReader(lines: Buffer, columns: Columns): (start: number, end: number) => boolean {
  let at = 0;
  const skip = (text: string): boolean => {
    for (let index = 0; index < text.length; index++) if (lines[at + index] !== text.charCodeAt(index)) return false;
    at += text.length;
    return true;
  };
  /** -1 where there is none, or one that is not exact */
  const whole = (): number => {
    const from = at;
    let value = 0;
    for (let digit = (lines[at] ?? 0) - 0x30; digit >= 0 && digit <= 9; digit = (lines[at] ?? 0) - 0x30) {
      value = value * 10 + digit;
      at += 1;
    }
    return at === from || !Number.isSafeInteger(value) ? -1 : value;
  };
  const wholeOrNull = (): number | undefined => {
    if (skip('null')) return -1;
    const value = whole();
    return value < 0 ? undefined : value;
  };
  const flag = (): number | undefined => {
    if (skip('true')) return 1;
    return skip('false') ? 0 : undefined;
  };
  const key = (row: number): boolean => {
    columns.keyFrom[row] = at;
    let hash = firstHash;
    let plain = true;
    for (; lines[at] !== quote; at++) {
      const byte = lines[at];
      if (byte === undefined || byte === lineFeed) return false;
      if (byte === backslash || byte >= 0x80) plain = false;
      if (byte === backslash) at += 1;
      hash = hashWith(hash, byte);
    }
    columns.keyTo[row] = at;
    columns.plain[row] = plain ? 1 : 0;
    columns.hash[row] = plain ? finished(hash) : hashOf(keyIn(lines, columns, row));
    return true;
  };
  const identity = (row: number): boolean => {
    const id = skip('[[') ? whole() : -1;
    if (id < 0 || id >= ordinaryId || !skip(',"') || !key(row) || !skip('","')) return false;
    const kind = kinds.findIndex((name) => skip(name));
    const parentId = kind >= 0 && skip('"],[') ? wholeOrNull() : undefined;
    if (parentId === undefined || parentId >= ordinaryId) return false;
    columns.id[row] = id;
    columns.kind[row] = kind;
    columns.parentId[row] = parentId;
    return skip(',');
  };
  const marks = (row: number, end: number): boolean => {
    at = lines.lastIndexOf(bracket, end - 1) + 1;
    const prepared = whole();
    const touched = skip(',') ? flag() : undefined;
    const flushed = skip(',') ? flag() : undefined;
    const bytes = skip(',') ? wholeOrNull() : undefined;
    const inodes = skip(',') ? wholeOrNull() : undefined;
    if (prepared < 0 || touched === undefined || flushed === undefined || bytes === undefined || inodes === undefined)
      return false;
    columns.prepared[row] = prepared;
    columns.touched[row] = touched;
    columns.flushed[row] = flushed;
    columns.bytes[row] = bytes;
    columns.inodes[row] = inodes;
    return skip(']]') && at === end;
  };
  return (start, end) => {
    const row = columns.size;
    at = start;
    columns.start[row] = start;
    columns.end[row] = end;
    columns.size += 1;
    return identity(row) && marks(row, end);
  };
}

type Placed = Pick<Columns, 'keyFrom' | 'keyTo'>;

const keyIn = (lines: Buffer, { keyFrom, keyTo }: Placed, row: number): string =>
  JSON.parse(lines.toString('utf8', (keyFrom[row] ?? 0) - 1, (keyTo[row] ?? 0) + 1)) as string;

function tableOf(lines: Buffer, { plain, start, end, keyFrom, keyTo, ...columns }: Columns): CellsTable {
  const placed = { keyFrom, keyTo };
  return {
    ...columns,
    keyOf: (row) => (plain[row] === 1 ? lines.toString('latin1', keyFrom[row], keyTo[row]) : keyIn(lines, placed, row)),
    cellsOf: (row) => JSON.parse(lines.toString('utf8', start[row], end[row])),
  };
}
