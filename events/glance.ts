/** What an encoded envelope is about. */
export interface Glance {
  /** its type with the version, as `SnapshotRemoved.v2` */
  readonly type: string;
  /** the number of the snapshot that its data begin with; 0 where they don't */
  readonly id: number;
}

/** Both begin with a letter that is rare before them: a search stops there only now and then. */
const beforeType = 'type":"';
const beforeId = 'data":{"id":"';
/** Nothing shorter comes before the data of an envelope. */
const dataAfter = 64;
const zero = 0x30;

/**
 * Reads off an envelope's JSON, as `encodeEnvelope` gives it, what it is about, without decoding it. What it looks for can't
 * stand inside a text of the JSON, where quotes are escaped.
 */
export function glance(text: string): Glance {
  return { type: typeIn(text), id: idIn(text) };
}

/** The type of a glance alone. */
export function typeIn(text: string): string {
  const start = text.indexOf(beforeType) + beforeType.length;
  return text.slice(start, text.indexOf('"', start));
}

/** The number of a glance alone. */
export function idIn(text: string): number {
  const found = text.indexOf(beforeId, dataAfter);
  if (found === -1) return 0;
  let number = 0;
  for (let at = found + beforeId.length; ; at++) {
    const digit = text.charCodeAt(at) - zero;
    if (!(digit >= 0 && digit <= 9)) return number;
    number = number * 10 + digit;
  }
}
