import type { Batch } from '../../app/feed/batch.ts';
import { cloudEvent } from './cloud-event.ts';

/** How events are written. There is one value for each format of a store, so that clients share what is rendered. */
export interface Format {
  readonly contentType: string;
  /** continues with new events by default */
  readonly follows: boolean;
  render(row: Row): string;
  /** the batch needs no rendering */
  readonly asItIs?: true;
  /** heartbeat after a position */
  beat(position: number): string;
  /** the last message of an answer that ends early */
  farewell(why: string): string;
  readonly opening?: string;
  readonly closing?: string;
}

export interface Formats {
  readonly ndjson: Format;
  readonly sse: Format;
  readonly cloudLines: Format;
  readonly cloudSse: Format;
  readonly cloudBatch: Format;
}

const errorLine = (why: string) => `${JSON.stringify({ error: why })}\n`;
const message = (position: number, data: string) => `id: ${position}\ndata: ${data}\n\n`;

/** The formats of one store's events. */
export function createFormats(store: string): Formats {
  const cloud = ({ text }: Row) => JSON.stringify(cloudEvent(text, store));
  const lines = { follows: false, beat: () => '\n', farewell: errorLine };
  const sse = {
    contentType: 'text/event-stream',
    follows: true,
    // An id without data is not a message, but a browser remembers it, so a client of few events need not restart far back.
    beat: (position: number) => `: nothing new\nid: ${position}\n\n`,
    farewell: (why: string) => `event: end\ndata: ${JSON.stringify({ error: why })}\n\n`,
  };
  return {
    ndjson: { ...lines, contentType: 'application/x-ndjson', asItIs: true, render: ({ text }) => `${text}\n` },
    sse: { ...sse, render: ({ position, text }) => message(position, text) },
    cloudLines: { ...lines, contentType: 'application/cloudevents+json', render: (row) => `${cloud(row)}\n` },
    cloudSse: { ...sse, render: (row) => message(row.position, cloud(row)) },
    cloudBatch: {
      ...lines,
      contentType: 'application/cloudevents-batch+json',
      render: (row) => `,\n${cloud(row)}`,
      opening: '[',
      closing: ']\n',
    },
  };
}

/** A whole batch, rendered once for all clients of a format. */
export function renderAll(batch: Batch, format: Format): Uint8Array {
  if (format.asItIs === true) return batch.lines;
  return batch.once(format, () => Buffer.from(rowsOf(batch).map(format.render).join('')));
}

/** Media types, in the order of preference if a client accepts several equally. */
const mediaTypes: readonly (readonly [type: string, format: keyof Formats])[] = [
  ['application/x-ndjson', 'ndjson'],
  ['text/event-stream', 'sse'],
  ['application/cloudevents+json', 'cloudLines'],
  ['application/cloudevents-batch+json', 'cloudBatch'],
  ['application/json', 'ndjson'],
];

export const contentTypes = mediaTypes.map(([type]) => type).join(', ');

/**
 * The format that an Accept header prefers; undefined if it accepts none. A client that accepts both event streams and
 * CloudEvents gets an event stream of CloudEvents.
 */
export function negotiate(accept: string | undefined, formats: Formats): Format | undefined {
  const ranges = (accept ?? '*/*').split(',').map(rangeOf);
  const named = (type: string) => ranges.some((range) => range.type === type && range.q > 0);
  if (named('text/event-stream') && named('application/cloudevents+json')) return formats.cloudSse;
  let best: { readonly format: Format; readonly q: number } | undefined;
  for (const [type, name] of mediaTypes) {
    const q = qualityOf(type, ranges);
    if (q > (best?.q ?? 0)) best = { format: formats[name], q };
  }
  return best?.format;
}

interface Range {
  readonly type: string;
  readonly q: number;
}

function rangeOf(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const q = Number(parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? 1);
  return { type, q: Number.isFinite(q) ? q : 0 };
}

/** The most specific range decides. */
function qualityOf(type: string, ranges: readonly Range[]): number {
  const wider = `${type.split('/')[0]}/*`;
  for (const name of [type, wider, '*/*']) {
    const range = ranges.find((one) => one.type === name);
    if (range !== undefined) return range.q;
  }
  return 0;
}

/** One encoded event of a batch. */
export interface Row {
  readonly position: number;
  /** without its version */
  readonly type: string;
  /** its JSON */
  readonly text: string;
}

/** The events of a batch, split once. */
export const rowsOf = (batch: Batch): readonly Row[] => batch.once(rowsOf, split);

function split({ first, lines }: Batch): readonly Row[] {
  const texts = Buffer.from(lines.buffer, lines.byteOffset, lines.byteLength - 1)
    .toString('utf8')
    .split('\n');
  return texts.map((text, index) => ({ position: first + index, type: typeOf(text), text }));
}

const beforeType = 'type":"';

/** Reads the type from an envelope's JSON without decoding it. It can't match inside a text, where quotes are escaped. */
function typeOf(text: string): string {
  const start = text.indexOf(beforeType) + beforeType.length;
  return text.slice(start, text.indexOf('"', start)).replace(/\.v\d+$/, '');
}
