import type { Mention } from '../../../../ports/readable-log.ts';

/** What an event's line says in one of the fields that are searched, as it stands there: bytes as latin1 characters. */
export type Token = string;

const fields = /"(?:id|key|name|parentId)":"(?:[^"\\]|\\.)*"/g;
const dataStart = '"data":{';

/** A mention as it stands in a line. */
export function tokenOf({ field, value }: Mention): Token {
  return Buffer.from(`"${field}":${JSON.stringify(value)}`).toString('latin1');
}

/** Every token of a line. A label that is called as one of the fields gives one more, which does no harm. */
export function tokensIn(line: string): readonly Token[] {
  const start = line.indexOf(dataStart);
  return start === -1 ? [] : (line.slice(start + dataStart.length).match(fields) ?? []);
}
