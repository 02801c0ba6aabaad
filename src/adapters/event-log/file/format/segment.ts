import { join } from 'node:path';
import { type Cursor, createPlaces, type Places } from '../write/cursor.ts';
import type { Header } from './header.ts';
import { segmentName } from './segment-name.ts';

/** One file of the log, as far as it may be read. */
export interface Segment {
  readonly path: string;
  readonly header: Header;
  readonly places: Places;
  /** the place after the last event that is known to be durable; grows while the segment is written */
  end: Cursor;
}

export function createSegment(directory: string, header: Header): Segment {
  const start = startOf(header);
  return { path: join(directory, segmentName(header.first)), header, places: createPlaces(start), end: start };
}

/** The place before a segment's first event: after a gap its positions begin later, and follow from the chain hash known there. */
export function startOf({ first, hash, bytes, gap }: Header): Cursor {
  return { position: gap?.last ?? first - 1, chain: gap?.chainHash ?? hash, offset: bytes };
}

/** The chain hash at the end of a segment; at its very beginning that is the chain hash of the event before. */
export function chainHashOf({ position, chain }: Cursor, { first, before }: Header): string {
  return position < first ? before : chain;
}
