import { existsSync } from 'node:fs';
import type { Envelope } from '../../../../events/envelope.ts';
import type { Sieve } from '../../../ports/event-log.ts';
import { type Cursor, createPlaces } from './cursor.ts';
import { eventBody, eventLine } from './line.ts';
import type { Stretch } from './read-ahead.ts';
import { decodedOrThrow, openForReading } from './read-events.ts';
import { type Segment, startOf } from './segment.ts';
import { verifyApart } from './verify-apart.ts';
import { positionIn } from './verify-block.ts';
import { type Checked, walkBlocks } from './walk-segment.ts';

/** Bytes that are worth a thread that verifies them, and being looked through twice. */
const worthAThread = 8 << 20;
const { bodyAt } = eventLine;

/**
 * All events of a log but those that the sieve skips, a block at a time, while a thread verifies every byte of it. What is
 * yielded may be used only when the iteration has ended: it throws `corrupt` for damage anywhere. Undefined where reading
 * everything is better: a short log, one with archives, and one that a repair has left a gap in.
 */
export function readSieved(
  segments: readonly Segment[],
  sieve: Sieve,
  threadFrom = worthAThread,
): AsyncIterable<readonly Envelope[]> | undefined {
  const stretches = segments.map(({ path, header, end }) => ({ path, from: startOf(header), to: end.offset }));
  const bytes = stretches.reduce((sum, { from, to }) => sum + to - from.offset, 0);
  const plain = segments.every(({ path, header }) => header.gap === undefined && existsSync(path));
  return plain && bytes >= threadFrom ? sieved(stretches, sieve) : undefined;
}

async function* sieved(stretches: readonly Stretch[], sieve: Sieve): AsyncGenerator<readonly Envelope[]> {
  const { verified, stop } = verifyApart(stretches);
  try {
    for await (const { text } of blocksIn(stretches)) for (const { body } of bodiesIn(text)) sieve.note(body);
    for await (const block of blocksIn(stretches)) {
      const kept = decodedIn(block, sieve);
      if (kept.length > 0) yield kept;
    }
    await verified;
  } catch (error) {
    // Where bytes are damaged, that is the reason for whatever else is wrong with them.
    await verified;
    throw error;
  } finally {
    await stop();
  }
}

interface Block {
  readonly path: string;
  readonly bytes: Buffer;
  /** the bytes as latin1 characters */
  readonly text: string;
}

/** Whole lines of all stretches, as they stand there. */
async function* blocksIn(stretches: readonly Stretch[]): AsyncGenerator<Block> {
  for (const { path, from, to } of stretches) {
    const handle = await openForReading(path);
    try {
      const segment = { path, places: createPlaces(from) };
      for await (const { bytes, damage } of walkBlocks(handle, segment, { from, to: () => to }, unchecked)) {
        for (const part of partsOf(bytes)) yield { path, bytes: part, text: part.toString('latin1') };
        if (damage !== undefined) return;
      }
    } finally {
      await handle.close();
    }
  }
}

const unchecked = (block: Buffer, from: Cursor): Checked => ({
  end: { ...from, offset: from.offset + block.length },
});

/** Larger strings have memory of their own each, whose first touch costs more than their content. */
const partBytes = 64 * 1024;

/** Whole lines in parts of about that size. */
function* partsOf(bytes: Buffer): IterableIterator<Buffer> {
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf('\n', start + partBytes) + 1 || bytes.length;
    yield bytes.subarray(start, end);
    start = end;
  }
}

/** The body of each line, and where it stands. */
function* bodiesIn(text: string): IterableIterator<{ body: string; start: number; end: number }> {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start) + 1 || text.length;
    yield { body: text.slice(start + bodyAt, end - 2), start, end };
    start = end;
  }
}

function decodedIn({ path, bytes, text }: Block, sieve: Sieve): readonly Envelope[] {
  const kept: Envelope[] = [];
  for (const { body, start, end } of bodiesIn(text))
    if (!sieve.skips(body))
      kept.push(decodedOrThrow(path, { position: positionIn(body), body: eventBody(bytes, start, end) }));
  return kept;
}
