import * as either from 'fp-ts/lib/Either.js';
import { decodeEnvelope, type Envelope } from '../../../../events/envelope.ts';
import { namespaceOf } from '../../../../projections/snapshot.ts';
import type { EncodedEvents } from '../../../ports/event-log.ts';
import type { Incident } from '../rows.ts';
import { type Chunk, chunkLength, createChunk, subjects } from './chunk.ts';
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

/** What events may have changed in a forest. */
export interface Touched {
  readonly ids: ReadonlySet<number>;
  /** names of images too */
  readonly images: boolean;
}

/** Incidents that are kept, the newest of them. */
const maxIncidents = 2_000;

/**
 * Time, type, actor, namespace and snapshot of every event, 16 bytes each: what density, filters, incidents and differences are made of. Events
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

  /**
   * The snapshots whose rows events after a position up to another one may have changed. Undefined if that is not known: these events
   * are not all here, or one may have changed any row.
   */
  touched(after: number, upTo: number): Touched | undefined {
    if (upTo > this.position) return undefined;
    const ids = new Set<number>();
    let [images, seen] = [false, 0];
    for (const chunk of this.chunks) {
      const from = Math.max(0, after + 1 - chunk.first);
      const to = Math.min(chunk.count, upTo + 1 - chunk.first);
      for (let at = from; at < to; at++) {
        const subject = chunk.subjects[at] ?? subjects.any;
        if (subject === subjects.any) return undefined;
        if (subject === subjects.images) images = true;
        else if (subject !== subjects.none) ids.add(subject);
      }
      seen += Math.max(0, to - from);
    }
    return seen === upTo - after ? { ids, images } : undefined;
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
      subject: subjectOf(type, line, dataAt),
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

/** Types without an id that change no row of a snapshot. */
const storeOnly = new Set([
  ...['StoreCreated', 'StoreOpened', 'StoreClosed', 'StoreTakenOver', 'LogRepaired', 'ContainerdWatchChanged'],
  ...['OrphanQuarantined', 'OrphanPurged'],
]);

function subjectOf(type: string, line: string, dataAt: number): number {
  if (type === 'ContainerdObserved') return line.includes(imageTopic, dataAt) ? subjects.images : subjects.none;
  if (storeOnly.has(type)) return subjects.none;
  const id = Number(fieldOf(line, idField, dataAt));
  return id > 0 && id < subjects.images ? id : subjects.any;
}

const timeField = '"time":"';
const typeField = '"type":"';
const metaField = '"meta":{';
const dataField = '"data":{';
const actorField = '"actor":"';
const namespaceField = '"namespace":"';
const keyField = '"key":"';
const idField = '"id":"';
const imageTopic = '"topic":"/images/';

/** The text of the first field of a name from a byte on, undefined without it; these texts hold no quotes. */
function fieldOf(text: string, field: string, from: number): string | undefined {
  const at = text.indexOf(field, from);
  return at === -1 ? undefined : text.slice(at + field.length, text.indexOf('"', at + field.length));
}

function envelopeOf(line: string): Envelope | undefined {
  const decoded = decodeEnvelope(JSON.parse(Buffer.from(line, 'latin1').toString('utf8')));
  return either.isRight(decoded) ? decoded.right : undefined;
}
