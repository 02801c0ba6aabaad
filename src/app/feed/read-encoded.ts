import { type Envelope, encodeEnvelope } from '../../../events/envelope.ts';
import type { EncodedEvents, EventLog } from '../../ports/event-log.ts';

/** The log's events after a position, encoded: as they stand there, or encoded here where the adapter holds them otherwise. */
export function readEncoded(log: Pick<EventLog, 'read' | 'readEncoded'>, after: number): AsyncIterable<EncodedEvents> {
  return log.readEncoded?.(after) ?? encoding(log.read(after));
}

async function* encoding(batches: AsyncIterable<readonly Envelope[]>): AsyncGenerator<EncodedEvents> {
  for await (const batch of batches) yield* encodeEvents(batch);
}

/** Encodes events in order; where positions are missing between them a new piece begins. */
export function* encodeEvents(envelopes: readonly Envelope[]): Generator<EncodedEvents> {
  let begin = 0;
  for (let next = 1; next <= envelopes.length; next++) {
    const first = envelopes[begin];
    if (first === undefined || envelopes[next]?.position === first.position + next - begin) continue;
    const piece = envelopes.slice(begin, next);
    const lines = piece.map((envelope) => `${JSON.stringify(encodeEnvelope(envelope))}\n`).join('');
    yield { first: first.position, count: piece.length, lines: Buffer.from(lines) };
    begin = next;
  }
}
