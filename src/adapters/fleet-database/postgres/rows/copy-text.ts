import { toText, toTime } from '../connection/text.ts';

/** A column: its name, and the value that a row has in it, in the text format of COPY. */
type Column<Row> = readonly [name: string, encode: (row: Row) => string];

/** A table that rows of a change go to. */
export interface Table<Row> {
  readonly name: string;
  readonly columns: readonly Column<Row>[];
  /** what identifies a row, as its unique index has it */
  readonly key: readonly string[];
}

const absent = '\\N';

type Read<Row, Value> = (row: Row) => Value | null;

/** What stands for itself: numbers, flags, digests and words of our own. */
export const plain =
  <Row>(read: Read<Row, string | number | boolean>) =>
  (row: Row): string => {
    const value = read(row);
    return value === null ? absent : `${value}`;
  };

export const text =
  <Row>(read: Read<Row, string>) =>
  (row: Row): string => {
    const value = read(row);
    return value === null ? absent : escapeText(value);
  };

/** JSON, which has escapes of its own for control characters and half a surrogate pair. */
export const json =
  <Row>(read: Read<Row, string>) =>
  (row: Row): string => {
    const value = read(row);
    if (value === null) return absent;
    return value.includes('\\') ? value.replaceAll('\\', '\\\\') : value;
  };

export const time =
  <Row>(read: Read<Row, bigint>, nothing = absent) =>
  (row: Row) =>
    toTime(read(row), nothing);

export const texts =
  <Row>(read: (row: Row) => readonly string[]) =>
  (row: Row): string =>
    escapeCopy(
      `{${read(row)
        .map((value) => `"${toText(value).replace(/["\\]/g, '\\$&')}"`)
        .join(',')}}`,
    );

/** Characters with an escape in COPY or in `toText`, and surrogates. */
const special = /[\\\t\n\r\0\ud800-\udfff]/;

const escapeText = (value: string) => (special.test(value) ? escapeCopy(toText(value)) : value);

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
export const escapeCopy = (value: string) => value.replace(/[\\\t\n\r]/g, (found) => escapes[found] ?? found);

/** Rows that become one piece of what COPY is sent: the texts of a whole batch at once would be long-lived garbage. */
const pieceLength = 250;

/** Rows in the text format of COPY. */
export function* copyText<Row>({ columns }: Table<Row>, rows: readonly Row[]): Generator<Buffer> {
  for (let from = 0; from < rows.length; from += pieceLength) {
    let piece = '';
    for (const row of rows.slice(from, from + pieceLength)) {
      const cells = columns.map(([, encode]) => encode(row));
      piece += `${cells.join('\t')}\n`;
    }
    yield Buffer.from(piece);
  }
}
