import { setTimeout as sleep } from 'node:timers/promises';
import type { Damage } from '../format/damage.ts';
import type { FormatVersion } from '../format/header.ts';
import { bytesLeft, lineFeed } from '../format/line.ts';
import type { Cursor } from '../format/segment.ts';
import { endOfData, findRecord, readBytes, type SegmentFile } from '../read/segment-file.ts';
import { type WalkedBlock, walkSegment } from './verify-lines.ts';

/** The end of a log's last segment, as far as it was verified. */
export interface Walked extends Pick<WalkedBlock, 'end' | 'batch' | 'damage'> {
  /** the byte after the last one that is not zero */
  readonly dataEnd: number;
}

/** The damage after the last verified line of a log's last segment: also if its batch has no more lines. */
export function damageAfter(path: string, walked: Walked): Damage | undefined {
  const { end, batch, damage, dataEnd } = walked;
  if (damage !== undefined || batch.end <= dataEnd) return damage;
  return { file: path, offset: end.offset, position: end.position + 1, what: 'the batch is cut short', broken: true };
}

/**
 * Whether the data after a cursor was never acknowledged: a batch that a crash left torn, or one that a daemon is writing.
 * Returns that cursor, which is the log's end; undefined if the damage is that of acknowledged bytes.
 */
export async function unfinishedFrom(
  file: SegmentFile,
  path: string,
  version: FormatVersion,
  walked: Walked,
): Promise<Cursor | undefined> {
  const { end, batch, dataEnd } = walked;
  const damage = damageAfter(path, walked);
  if (damage === undefined || !damage.broken) return undefined;
  const next = await findRecord(file, damage.offset + 1, dataEnd);
  const inBatch = damage.offset < batch.end;
  // In version 1 a line is written at the end of the file, and acknowledged before the next one. On a full disk batches follow.
  if (version === 1 && !inBatch) return next === undefined ? end : undefined;
  const start = inBatch ? batch.start : end;
  const batchEnd = inBatch ? batch.end : next && next.offset + next.left;
  // One batch is written after the other: bytes after this one show that it was acknowledged.
  if (batchEnd !== undefined && batchEnd < dataEnd) return undefined;
  if (await isTorn(file, start.offset, batchEnd, dataEnd)) return start;
  return (await isBeingWritten(file, path, start, walked)) ? start : undefined;
}

/** Sectors of a disk are written as a whole or not at all. Larger ones consist of these. */
const sectorBytes = 512;

/**
 * Whether a batch that was written into durable zeros is not on the disk as a whole: one of its sectors is still zero, or it ends
 * early with a sector. If its end is unknown, it ends with the data.
 */
async function isTorn(
  file: SegmentFile,
  from: number,
  batchEnd: number | undefined,
  dataEnd: number,
): Promise<boolean> {
  const { size } = await file.stat();
  const to = batchEnd ?? dataEnd;
  // Zeros were durable up to the end of the batch before it was written: a shorter file was cut.
  if (to > size) return false;
  const bytes = await readBytes(file, from, to - from);
  for (let at = 0; at < bytes.length; ) {
    const next = Math.min(at + sectorBytes - ((from + at) % sectorBytes), bytes.length);
    if (bytes.subarray(at, next).every((byte) => byte === 0)) return true;
    at = next;
  }
  if (batchEnd !== undefined || dataEnd === size || dataEnd % sectorBytes !== 0) return false;
  return bytes.at(-1) !== lineFeed && bytesLeft(bytes, 0, bytes.length) !== bytes.length;
}

/** Milliseconds between two looks at bytes that may be being written. */
const pauseMilliseconds = 50;
/** A file that has not been written for as long is not being written: a busy machine interrupts a write for less. */
const recentlyMilliseconds = 1000;

/** Whether the bytes change: a reader beside a daemon may see a part of what is being written. */
async function isBeingWritten(file: SegmentFile, path: string, from: Cursor, before: Walked): Promise<boolean> {
  for (let waited = 0; waited < recentlyMilliseconds; waited += pauseMilliseconds) {
    const { mtimeMs } = await file.stat();
    if (Date.now() - mtimeMs > recentlyMilliseconds) return false;
    await sleep(pauseMilliseconds);
    if (await hasChanged(file, path, from, before)) return true;
  }
  return false;
}

async function hasChanged(file: SegmentFile, path: string, from: Cursor, before: Walked): Promise<boolean> {
  const dataEnd = await endOfData(file);
  if (dataEnd !== before.dataEnd) return true;
  let damage: Damage | undefined;
  for await (const block of walkSegment(file, path, { from, to: () => dataEnd })) damage = block.damage;
  return damage?.offset !== before.damage?.offset;
}
