import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Base, formatHeader, genesisHash } from '../format/header.ts';
import { segmentName, segmentNames } from '../format/segment-name.ts';
import type { Piece } from './piece.ts';
import type { Bridge, RepairPlan } from './plan-repair.ts';

/** Bytes of a file that are taken over as they are. */
export interface Slice {
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

/** What the files of the log must become; `text` are the lines that tell of the repair, after all that is kept. */
export function repairedSegments(plan: RepairPlan, base: Base | undefined, text: string): readonly RepairedSegment[] {
  const { kept, bridge, store } = plan;
  const resumed = bridge === undefined || base === undefined ? [] : bridged(bridge, base, store);
  // A header before nothing gives way to the gap that begins at the same position.
  const before = kept.map(segmentOf).filter(({ name }) => name !== resumed[0]?.name);
  const segments = [...before, ...resumed];
  const last = segments.pop() ?? newSegment(store);
  return [...segments, { ...last, parts: [...last.parts, text] }];
}

/** Whether a segment is on disk already as it must become. */
export function isUnchanged({ name, parts }: RepairedSegment, directory: string): boolean {
  const file = join(directory, name);
  const [part, ...more] = parts;
  if (more.length > 0 || typeof part !== 'object' || part.file !== file || part.from !== 0) return false;
  return part.to === statSync(file).size;
}

/** Names of segments on disk that the repaired log does not have, or has otherwise. */
export function changedNames(segments: readonly RepairedSegment[], directory: string): readonly string[] {
  const same = new Set(segments.filter((segment) => isUnchanged(segment, directory)).map(({ name }) => name));
  return segmentNames(directory).filter((name) => !same.has(name));
}

function segmentOf({ file, header, rebuilt, from, end }: Piece): RepairedSegment {
  const name = basename(file);
  if (header === undefined || rebuilt === undefined) return { name, parts: [{ file, from: 0, to: end.offset }] };
  return { name, parts: [formatHeader(header).text, { file, from, to: end.offset }] };
}

/** The gap is a segment's header; what follows from it stands there, or in the segments after it. */
function bridged({ first, before, proof }: Bridge, base: Base, store: string): readonly RepairedSegment[] {
  const { last, chainHash, pieces, from } = proof;
  const { text } = formatHeader({ store, first, before, gap: { last, chainHash, base } });
  const [head, ...rest] = pieces;
  const name = segmentName(first);
  if (head === undefined) return [{ name, parts: [text] }];
  if (head.header !== undefined && head.from === from) return [{ name, parts: [text] }, ...pieces.map(segmentOf)];
  return [{ name, parts: [text, { file: head.file, from, to: head.end.offset }] }, ...rest.map(segmentOf)];
}

function newSegment(store: string): RepairedSegment {
  return {
    name: segmentName(1),
    parts: [formatHeader({ store, first: 1, before: genesisHash(store) }).text],
  };
}
