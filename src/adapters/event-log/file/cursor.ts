/** A place between two lines of one segment. */
export interface Cursor {
  /** of the last event before it */
  readonly position: number;
  /** the hash of the line before it, from which the next line's follows */
  readonly chain: string;
  /** the byte at which the next line begins */
  readonly offset: number;
}

/** Known places of a segment, a few dozen kilobytes apart: reading from a position begins at the nearest one. */
export interface Places {
  /** Remembers a place if it is far enough from the last one. */
  note(cursor: Cursor): void;
  /** The last known place at or before a position; the segment's first one for any earlier position. */
  nearest(position: number): Cursor;
}

const bytesApart = 64 * 1024;

export function createPlaces(first: Cursor): Places {
  const known = [first];
  let next = first.offset + bytesApart;
  return {
    note: (cursor) => {
      if (cursor.offset < next) return;
      known.push(cursor);
      next = cursor.offset + bytesApart;
    },
    nearest: (position) => known.findLast((cursor) => cursor.position <= position) ?? first,
  };
}
