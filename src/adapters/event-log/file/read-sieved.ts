import { existsSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { Envelope } from '../../../../events/envelope.ts';
import { idIn } from '../../../../events/glance.ts';
import type { Sieve } from '../../../ports/event-log.ts';
import { eventBody, eventLine } from './line.ts';
import { linesInFile } from './lines-in-file.ts';
import { bytesIn, type Stretch, worthAThread } from './read-ahead.ts';
import { decodedOrThrow } from './read-events.ts';
import { type Segment, startOf } from './segment.ts';
import { verifyApart } from './verify-apart.ts';
import { positionIn } from './verify-block.ts';

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
  const plain = segments.every(({ path, header }) => header.gap === undefined && existsSync(path));
  return plain && bytesIn(stretches) >= threadFrom ? sieved(stretches, sieve) : undefined;
}

async function* sieved(stretches: readonly Stretch[], sieve: Sieve): AsyncGenerator<readonly Envelope[]> {
  const { verified, stop } = verifyApart(stretches);
  try {
    const needed = await noteAll(stretches, sieve);
    for await (const part of partsOf(needed)) {
      const kept = decodedIn(part, sieve);
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

/** Bytes of a segment from the beginning of a line to the end of one. */
interface Range {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** A range with its bytes. */
interface Part extends Range {
  readonly bytes: Buffer;
  /** the bytes as latin1 characters */
  readonly text: string;
}

/** Parts between two turns of the event loop: a few milliseconds. */
const partsInTurn = 8;

/** All of the ranges. Each part is gone when the next one is asked for. */
async function* partsOf(ranges: readonly Range[]): AsyncGenerator<Part> {
  let parts = 0;
  for (const { path, start, end } of ranges) {
    let at = start;
    for (const bytes of linesInFile(path, start, end)) {
      yield { path, start: at, end: at + bytes.length, bytes, text: bytes.toString('latin1') };
      at += bytes.length;
      parts += 1;
      if (parts % partsInTurn === 0) await turn();
    }
  }
}

/** Has the sieve take note of everything, and answers with what it does not skip as a whole. */
async function noteAll(stretches: readonly Stretch[], sieve: Sieve): Promise<readonly Range[]> {
  const noted: (Range & { readonly ids: readonly number[] })[] = [];
  const ranges = stretches.map(({ path, from, to }) => ({ path, start: from.offset, end: to }));
  for await (const { path, start, end, text } of partsOf(ranges)) {
    const ids = new Set<number>();
    eachBody(text, (body) => void ids.add(sieve.note(body)));
    noted.push({ path, start, end, ids: [...ids] });
  }
  return noted.filter(({ ids }) => !ids.every(sieve.skips)).reduce(joined, []);
}

/** Ranges that follow each other are read in one go. */
function joined(ranges: Range[], { path, start, end }: Range): Range[] {
  const last = ranges.at(-1);
  if (last?.path === path && last.end === start) ranges[ranges.length - 1] = { path, start: last.start, end };
  else ranges.push({ path, start, end });
  return ranges;
}

/** Shows the body of each line, and where it stands. */
function eachBody(text: string, look: (body: string, start: number, end: number) => void): void {
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start) + 1 || text.length;
    look(text.slice(start + bodyAt, end - 2), start, end);
    start = end;
  }
}

function decodedIn({ path, bytes, text }: Part, sieve: Sieve): readonly Envelope[] {
  const kept: Envelope[] = [];
  eachBody(text, (body, start, end) => {
    if (sieve.skips(idIn(body))) return;
    kept.push(decodedOrThrow(path, { position: positionIn(body), body: eventBody(bytes, start, end) }));
  });
  return kept;
}
