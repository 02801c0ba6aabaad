import { type Envelope, encodeEnvelope } from '../../../../../events/envelope.ts';
import { formatLine } from '../format/line.ts';
import type { ActiveSegment } from './active-segment.ts';
import type { Taken } from './segment-writer.ts';

/** The JSON of envelopes, as it is hashed and stored. */
export function encodeBodies(envelopes: readonly Envelope[]): readonly string[] {
  return envelopes.map((envelope) => JSON.stringify(encodeEnvelope(envelope)));
}

/** Puts bodies into lines that follow what was taken for a segment before. */
export function formatTaken(active: ActiveSegment, bodies: readonly string[], reserve: boolean): Taken {
  const { position, offset, chain } = active.taken;
  let hash = chain;
  let text = '';
  for (const body of bodies) {
    const line = formatLine('event', hash, body);
    hash = line.hash;
    text += line.text;
  }
  const to = { position: position + bodies.length, chain: hash, offset: offset + Buffer.byteLength(text) };
  return { active, reserve, text, records: bodies.length, to };
}
