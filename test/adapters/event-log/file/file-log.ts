import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Envelope } from '../../../../events/envelope.ts';
import {
  type FileEventLogOptions,
  type FileLogOpening,
  openFileEventLog,
} from '../../../../src/adapters/event-log/file/file-event-log.ts';
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

/** The lines of a segment with their line feeds; the header is the first. */
export function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8').split(/(?<=\n)/);
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
