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
  /** Forgets most places of a segment that is complete: what is kept of a log that grows is a place for each megabyte. */
  thin(): void;
}

const bytesApart = 64 * 1024;
const bytesApartWhenComplete = 1024 * 1024;

export function createPlaces(first: Cursor): Places {
  let known = [first];
  let next = first.offset + bytesApart;
  return {
    note: (cursor) => {
      if (cursor.offset < next) return;
      known.push(cursor);
      next = cursor.offset + bytesApart;
    },
    nearest: (position) => known.findLast((cursor) => cursor.position <= position) ?? first,
    thin: () => {
      let last = first;
      known = known.filter((cursor) => {
        if (cursor !== first && cursor.offset < last.offset + bytesApartWhenComplete) return false;
        last = cursor;
        return true;
      });
    },
  };
}
