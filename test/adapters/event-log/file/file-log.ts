import {
  closeSync,
  openSync,
  readdirSync,
  readFileSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Envelope } from '../../../../events/envelope.ts';
import {
  type FileEventLogOptions,
  type FileLogOpening,
  openFileEventLog,
} from '../../../../src/adapters/event-log/file/file-event-log.ts';
import { formatHeader, genesisHash } from '../../../../src/adapters/event-log/file/format/header.ts';
import { bodyOf, formatLine } from '../../../../src/adapters/event-log/file/format/line.ts';
import type { ErrnoName } from '../../../../src/ports/errno.ts';
import type { EventLog } from '../../../../src/ports/event-log.ts';
import type { Step } from '../../../../src/ports/failpoints.ts';
import { rawError } from '../../../support/raw-error.ts';
import { enveloped, prepared } from '../../../support/sample-events.ts';

export const storeId = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
export const now = { flush: 'now' } as const;
export const reserved = { reserve: true, flush: 'now' } as const;

/** Opens a log without preallocation, with the given options. */
export function openLog(directory: string, options: Partial<FileEventLogOptions> = {}): Promise<FileLogOpening> {
  return openFileEventLog({ directory, store: storeId, preallocate: () => {}, ...options });
}

/** `count` events that follow a position. */
export function eventsAfter(after: number, count: number): Envelope[] {
  return enveloped(
    Array.from({ length: count }, (_, index) => prepared(after + index + 1, `key-${after + index + 1}`)),
    after,
  );
}

/** Writes a log of `count` events, one append each, and closes it. */
export async function writeLog(
  directory: string,
  count: number,
  options: Partial<FileEventLogOptions> = {},
): Promise<void> {
  const { log } = await openLog(directory, options);
  for (const envelope of eventsAfter(0, count)) await log.append([envelope], now);
  await log.close();
}

/** Writes a log of `count` events in one segment, as releases with the first format did. */
export function writeOldLog(directory: string, count: number): string {
  const { header, text } = formatHeader({ version: 1, store: storeId, first: 1, before: genesisHash(storeId) });
  const file = join(directory, '00000000000000000001.log');
  let [lines, previous] = [text, header.hash];
  for (const envelope of eventsAfter(0, count)) {
    const line = formatLine('event', previous, bodyOf(envelope));
    lines += line.text;
    previous = line.hash;
  }
  writeFileSync(file, lines);
  return file;
}

export async function readAll(log: Pick<EventLog, 'read'>, after = 0): Promise<Envelope[]> {
  const all: Envelope[] = [];
  for await (const batch of log.read(after)) all.push(...batch);
  return all;
}

/** The names of a log's segments, oldest first. */
export function segmentsIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.log'))
    .sort();
}

/** The bytes of a segment without the zeros after its data. */
export function dataOf(file: string): Buffer {
  const bytes = readFileSync(file);
  return bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1);
}

/** Overwrites bytes of a file, which does not get longer. */
export function overwrite(file: string, bytes: Uint8Array, at: number): void {
  const fd = openSync(file, 'r+');
  writeSync(fd, bytes, 0, bytes.length, at);
  closeSync(fd);
}

/** Makes a file as old as one that no daemon is writing. */
export const age = (file: string): void => utimesSync(file, 0, 0);

/** Leaves what a crash leaves of a batch whose first sector was written: the bytes up to its end, and zeros. */
export function appendTorn(file: string): Buffer {
  const { length } = dataOf(file);
  const end = Math.ceil((length + 20) / 512) * 512;
  truncateSync(file, Math.max(readFileSync(file).length, end + 4096));
  const torn = Buffer.from('{"crc":"torn'.padEnd(end - length, '.'));
  overwrite(file, torn, length);
  return torn;
}

/** The lines of a segment with their line feeds; the header is the first. */
export function linesOf(file: string): string[] {
  return dataOf(file)
    .toString()
    .split(/(?<=\n)/);
}

/** Rewrites a segment from its lines. */
export function rewrite(directory: string, segment: number, change: (lines: string[]) => string[]): string {
  const file = join(directory, segmentsIn(directory)[segment] ?? '');
  writeFileSync(file, change(linesOf(file)).join(''));
  return file;
}

/** A failpoint that fails an armed step once. */
export function createFailpoint() {
  let armed: { step: Step; errno: ErrnoName } | undefined;
  return {
    arm: (step: Step, errno: ErrnoName) => {
      armed = { step, errno };
    },
    failpoint: (step: Step) => {
      if (armed?.step !== step) return;
      const { errno } = armed;
      armed = undefined;
      throw rawError(errno, `made to fail at ${step}`);
    },
  };
}
