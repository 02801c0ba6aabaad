import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import type { LogPosition } from '../../ports/event-log.ts';
import { headerLine, trailerLine } from './checkpoint-lines.ts';

/** Milliseconds of work between two turns of the event loop. */
const sliceMilliseconds = 2;

/** Writes a checkpoint into an empty file, in slices between which everything else gets its turn. */
export async function writeCheckpoint(handle: FileHandle, place: LogPosition, rows: Iterable<unknown>): Promise<void> {
  const digest = createHash('sha256');
  let count = 0;
  for (const text of slices(headerLine(place), rows, () => count++)) {
    const bytes = Buffer.from(text);
    digest.update(bytes);
    await handle.appendFile(bytes);
    await turn();
  }
  await handle.appendFile(trailerLine(count, digest.digest('hex')));
}

/** The lines of the rows after a first line, joined to pieces that each took a slice of time to make. */
function* slices(first: string, rows: Iterable<unknown>, counted: () => void): Generator<string> {
  let text = first;
  let began = performance.now();
  for (const row of rows) {
    counted();
    text += `${JSON.stringify(row)}\n`;
    if (performance.now() - began < sliceMilliseconds) continue;
    yield text;
    text = '';
    began = performance.now();
  }
  yield text;
}
