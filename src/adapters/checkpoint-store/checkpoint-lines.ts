import * as t from 'io-ts';
import { Decimal } from '../../../events/codecs.ts';
import type { LogPosition } from '../../ports/event-log.ts';

/** Changes with the layout of the file; a checkpoint of any other format is passed over. */
const format = 'snapledger.checkpoint.v1';

/** A checkpoint's first line. */
export const CheckpointHeader = t.type(
  { format: t.literal(format), position: Decimal, chainHash: t.string },
  'CheckpointHeader',
);

export function headerLine({ position, chainHash }: LogPosition): string {
  return `${JSON.stringify(CheckpointHeader.encode({ format, position, chainHash }))}\n`;
}

/** The last line: how many rows stand before it, and the SHA-256 of every byte before it, in hex. */
export function trailerLine(rows: number, sha256: string): string {
  return `${JSON.stringify({ rows: Decimal.encode(rows), sha256 })}\n`;
}
