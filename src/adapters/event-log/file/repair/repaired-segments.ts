import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { replaceFile } from '../../../system/files.ts';
import { type Base, formatHeader, genesisHash } from '../format/header.ts';
import { segmentName, segmentNames } from '../format/segment.ts';
import type { Bridge } from './bridge.ts';
import type { RepairPlan } from './plan-repair.ts';
import type { Piece } from './scan-log.ts';

/** Bytes of a file that are kept as they are. */
interface Slice {
  readonly file: string;
  readonly from: number;
  readonly to: number;
}

/** A segment of the repaired log. */
export interface RepairedSegment {
  readonly name: string;
  /** texts and slices of damaged files, in order */
  readonly parts: readonly (string | Slice)[];
}

/** The segments of the repaired log; `text` are the events of the repair, which follow all kept events. */
export function repairedSegments(plan: RepairPlan, base: Base | undefined, text: string): readonly RepairedSegment[] {
  const { kept, bridge, store } = plan;
  const resumed = bridge === undefined || base === undefined ? [] : bridged(bridge, base, store);
  // A header without events is replaced by the gap that begins at the same position.
  const before = kept.map(segmentOf).filter(({ name }) => name !== resumed[0]?.name);
  const segments = [...before, ...resumed];
  const newHeader = () => formatHeader({ store, first: 1, before: genesisHash(store) }).text;
  const last = segments.pop() ?? { name: segmentName(1), parts: [newHeader()] };
  return [...segments, { ...last, parts: [...last.parts, text] }];
}

/** Whether a segment on disk is already as it must become. */
export function isUnchanged({ name, parts }: RepairedSegment, directory: string): boolean {
  const file = join(directory, name);
  const [part, ...more] = parts;
  if (more.length > 0 || typeof part !== 'object' || part.file !== file || part.from !== 0) return false;
  return part.to === statSync(file).size;
}

/** Names of segments on disk that the repaired log lacks or that differ in it. */
export function changedNames(segments: readonly RepairedSegment[], directory: string): readonly string[] {
  const same = new Set(segments.filter((segment) => isUnchanged(segment, directory)).map(({ name }) => name));
  return segmentNames(directory).filter((name) => !same.has(name));
}

function segmentOf({ file, header, rebuilt, from, end }: Piece): RepairedSegment {
  const name = basename(file);
  if (header === undefined || rebuilt === undefined) return { name, parts: [{ file, from: 0, to: end.offset }] };
  return { name, parts: [formatHeader(header).text, { file, from, to: end.offset }] };
}

/** The gap is a segment's header; the events after it are in that segment or in those after it. */
function bridged({ first, before, proof }: Bridge, base: Base, store: string): readonly RepairedSegment[] {
  const { last, chainHash, pieces, from } = proof;
  const { text } = formatHeader({ store, first, before, gap: { last, chainHash, base } });
  const [head, ...rest] = pieces;
  const name = segmentName(first);
  if (head === undefined) return [{ name, parts: [text] }];
  if (head.header !== undefined && head.from === from) return [{ name, parts: [text] }, ...pieces.map(segmentOf)];
  return [{ name, parts: [text, { file: head.file, from, to: head.end.offset }] }, ...rest.map(segmentOf)];
}

const chunkBytes = 1024 * 1024;

/** Writes a file of texts and slices of other files, whole or not at all, on stable storage. */
export function writeParts(path: string, parts: readonly (string | Slice)[]): Promise<void> {
  return replaceFile(path, ({ fd }) => {
    for (const part of parts) {
      if (typeof part === 'string') writeAll(fd, Buffer.from(part));
      else copySlice(fd, part);
    }
  });
}

function copySlice(to: number, { file, from, to: end }: Slice): void {
  const fd = openSync(file, 'r');
  try {
    for (let at = from; at < end; ) {
      const chunk = Buffer.alloc(Math.min(chunkBytes, end - at));
      const read = readSync(fd, chunk, 0, chunk.length, at);
      if (read === 0) throw new Error(`${file} ends at byte ${at}, not ${end}`);
      writeAll(to, chunk.subarray(0, read));
      at += read;
    }
  } finally {
    closeSync(fd);
  }
}

/** Writes all bytes at the file's current offset. */
export function writeAll(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
}
