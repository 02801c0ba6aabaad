import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isErrno } from '../../../../ports/errno.ts';
import type { Header } from './header.ts';

/** One file of the log, as far as it may be read. */
export interface Segment {
  readonly path: string;
  readonly header: Header;
  readonly offsets: OffsetIndex;
  /** after the last event that is known to be durable; grows while the segment is written */
  end: Cursor;
}

/** A boundary between two lines of one segment. */
export interface Cursor {
  /** of the last event before it */
  readonly position: number;
  /** of the line before it, from which the next line's follows */
  readonly hash: string;
  /** the byte at which the next line begins */
  readonly offset: number;
}

export function createSegment(directory: string, header: Header): Segment {
  const start = startOf(header);
  return { path: join(directory, segmentName(header.first)), header, offsets: createOffsetIndex(start), end: start };
}

/** The cursor before a segment's first event: after a gap its positions begin later, and follow from the hash known there. */
export function startOf({ first, hash, bytes, gap }: Header): Cursor {
  return { position: gap?.last ?? first - 1, hash: gap?.chainHash ?? hash, offset: bytes };
}

/** The chain hash at a segment's end; if it holds no event, that of the event before it. */
export function chainHashOf({ position, hash }: Cursor, { first, before }: Header): string {
  return position < first ? before : hash;
}

const namePattern = /^([0-9]{20})\.log$/;

/** A segment's file name: the position of its first event in 20 digits, so that names sort by position. */
export function segmentName(first: number): string {
  return `${String(first).padStart(20, '0')}.log`;
}

/** The first position of the segment with this file name; undefined for other files. */
export function firstOf(name: string): number | undefined {
  const digits = namePattern.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The names of a log's segments, including archived ones, oldest first; empty if there is no directory. */
export function segmentNames(directory: string): readonly string[] {
  try {
    const names = readdirSync(directory).map((name) => name.replace(/\.gz$/, ''));
    return [...new Set(names)].filter((name) => namePattern.test(name)).sort();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Known cursors of a segment, a few dozen kilobytes apart: reading from a position begins at the nearest one. */
interface OffsetIndex {
  /** Remembers a cursor if it is far enough from the last one. */
  note(cursor: Cursor): void;
  /** The last known cursor at or before a position; the segment's first one for any earlier position. */
  nearest(position: number): Cursor;
  /** Keeps one cursor a megabyte, once the segment is complete. */
  thin(): void;
}

const bytesApart = 64 * 1024;
const bytesApartWhenComplete = 1024 * 1024;

export function createOffsetIndex(first: Cursor): OffsetIndex {
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
