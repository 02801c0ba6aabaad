import * as either from 'fp-ts/lib/Either.js';
import { decodeEnvelope, type Envelope } from '../../../../events/envelope.ts';
import { namespaceOf } from '../../../../projections/snapshot.ts';
import type { EncodedEvents } from '../../../ports/event-log.ts';
import type { Incident } from '../rows.ts';
import { type Chunk, chunkLength, createChunk } from './chunk.ts';
import { incidentIn } from './incidents.ts';

/** Numbers for a few texts that are repeated often. */
export class Names {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The number of a text; beyond the limit all others share the last one. */
  numberOf(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (this.texts.length === this.#limit) return this.#limit - 1;
    this.#numbers.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }

  /** The number of a text; once the limit is reached, that of all others for an unknown one. */
  find(text: string): number | undefined {
    return this.#numbers.get(text) ?? (this.texts.length === this.#limit ? this.#limit - 1 : undefined);
  }
}

/** Incidents that are kept, the newest of them. */
const maxIncidents = 2_000;

/**
 * Time, type, actor and namespace of every event, a dozen bytes each: what density, filters and incidents are made of. Events
 * are taken from their JSON, without decoding them.
 */
export class EventColumns {
  readonly chunks: Chunk[] = [];
  readonly types = new Names(256);
  readonly actors = new Names(256);
  readonly namespaces = new Names(65_536);
  incidents: Incident[] = [];
  /** of the last event that was added */
  position: number;
  #lastType = '';

  constructor(after: number) {
    this.position = after;
  }

  /** Adds events that follow the last one; others are left out. */
  add({ first, count, lines }: EncodedEvents): void {
    if (first > this.position + 1) this.#skipTo(first);
    // One character a byte, so that offsets are found quickly; what is not ASCII is decoded if it is looked at.
    const text = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength).toString('latin1');
    let start = 0;
    for (let position = first; position < first + count; position++) {
      const end = text.indexOf('\n', start);
      if (position > this.position) this.#addLine(position, text.slice(start, end));
      start = end + 1;
    }
  }

  #addLine(position: number, line: string): void {
    const timeAt = line.indexOf(timeField) + timeField.length;
    const timeEnd = line.indexOf('"', timeAt);
    const typeAt = line.indexOf(typeField, timeEnd) + typeField.length;
    const metaAt = line.indexOf(metaField, typeAt) + metaField.length;
    const dataAt = line.indexOf(dataField, metaAt) + dataField.length;
    const type = line.slice(typeAt, line.indexOf('.v', typeAt));
    const meta = line.slice(metaAt, dataAt);
    const namespace = fieldOf(meta, namespaceField, 0) ?? namespaceOf(`${fieldOf(line, keyField, dataAt) ?? ''}x`);
    this.#room(position).push({
      // Nanoseconds to milliseconds.
      time: Number(line.slice(timeAt, timeEnd - 6)),
      type: this.types.numberOf(type),
      actor: this.actors.numberOf(fieldOf(meta, actorField, 0) ?? ''),
      namespace: this.namespaces.numberOf(namespace),
    });
    this.#noteIncident(type, () => envelopeOf(line));
    this.#lastType = type;
    this.position = position;
  }

  #noteIncident(type: string, envelope: () => Envelope | undefined): void {
    const incident = incidentIn(type, this.#lastType, envelope);
    if (incident === undefined) return;
    this.incidents.push(incident);
    if (this.incidents.length > 2 * maxIncidents) this.incidents = this.incidents.slice(-maxIncidents);
  }

  /** Positions that a repair left out have no events. */
  #skipTo(first: number): void {
    this.position = first - 1;
    this.#lastType = '';
  }

  #room(position: number): Chunk {
    const last = this.chunks.at(-1);
    if (last !== undefined && last.count < chunkLength && last.first + last.count === position) return last;
    const next = createChunk(position);
    this.chunks.push(next);
    return next;
  }
}

const timeField = '"time":"';
const typeField = '"type":"';
const metaField = '"meta":{';
const dataField = '"data":{';
const actorField = '"actor":"';
const namespaceField = '"namespace":"';
const keyField = '"key":"';

/** The text of the first field of a name from a byte on, undefined without it; these texts hold no quotes. */
function fieldOf(text: string, field: string, from: number): string | undefined {
  const at = text.indexOf(field, from);
  return at === -1 ? undefined : text.slice(at + field.length, text.indexOf('"', at + field.length));
}

function envelopeOf(line: string): Envelope | undefined {
  const decoded = decodeEnvelope(JSON.parse(Buffer.from(line, 'latin1').toString('utf8')));
  return either.isRight(decoded) ? decoded.right : undefined;
}
