/** What an encoded envelope is about. */
export interface Glance {
  /** its type with the version, as `SnapshotRemoved.v2` */
  readonly type: string;
  /** the number of the snapshot that its data begin with; 0 where they don't */
  readonly id: number;
}

const beforeType = '","type":"';
const beforeId = '"data":{"id":"';
const zero = 0x30;

/**
 * Reads off an envelope's JSON, as `encodeEnvelope` gives it, what it is about, without decoding it. What it looks for can't
 * stand inside a text of the JSON, where quotes are escaped.
 */
export function glance(text: string): Glance {
  const start = text.indexOf(beforeType) + beforeType.length;
  const end = text.indexOf('"', start);
  const found = text.indexOf(beforeId, end);
  return { type: text.slice(start, end), id: found === -1 ? 0 : numberAt(text, found + beforeId.length) };
}

function numberAt(text: string, start: number): number {
  let number = 0;
  for (let at = start; ; at++) {
    const digit = text.charCodeAt(at) - zero;
    if (!(digit >= 0 && digit <= 9)) return number;
    number = number * 10 + digit;
  }
}
