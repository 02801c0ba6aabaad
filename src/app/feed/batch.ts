import { type Envelope, encodeEnvelope } from '../../../events/envelope.ts';
import type { EncodedEvents, EventLog } from '../../ports/event-log.ts';

const lineFeed = 0x0a;

/** Encoded events for readers. What is derived from them for one reader is shared with the others. */
export class Batch implements EncodedEvents {
  readonly first: number;
  readonly count: number;
  readonly lines: Uint8Array;
  readonly #made = new Map<unknown, unknown>();

  constructor({ first, count, lines }: EncodedEvents) {
    this.first = first;
    this.count = count;
    this.lines = lines;
  }

  get last(): number {
    return this.first + this.count - 1;
  }

  /** What `make` derives from this batch, once for each key. */
  once<T>(key: unknown, make: (batch: Batch) => T): T {
    if (!this.#made.has(key)) this.#made.set(key, make(this));
    return this.#made.get(key) as T;
  }

  /** The events after a position within this batch; the same batch if that is all of them. */
  after(position: number): Batch {
    if (position < this.first) return this;
    let start = 0;
    for (let skip = position - this.first + 1; skip > 0; skip--) start = this.lines.indexOf(lineFeed, start) + 1;
    return new Batch({ first: position + 1, count: this.last - position, lines: this.lines.subarray(start) });
  }
}

/** The log's events after a position, encoded: as they are stored, or encoded here if the adapter stores them otherwise. */
export function readEncoded(log: Pick<EventLog, 'read' | 'readEncoded'>, after: number): AsyncIterable<EncodedEvents> {
  return log.readEncoded?.(after) ?? encoding(log.read(after));
}

async function* encoding(batches: AsyncIterable<readonly Envelope[]>): AsyncGenerator<EncodedEvents> {
  for await (const batch of batches) yield* encodeEvents(batch);
}

/** Encodes events in order; a gap between positions begins a new piece. */
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
