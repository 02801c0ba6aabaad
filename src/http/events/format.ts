import type { Batch } from '../../app/feed/batch.ts';
import { cloudEvent } from './cloud-event.ts';
import { type Row, rowsOf } from './rows.ts';

/** How events are written for a reader. One value for each format of a store, so that readers share what is rendered. */
export interface Format {
  readonly contentType: string;
  /** a stream of its own accord goes on with what comes */
  readonly follows: boolean;
  render(row: Row): string;
  /** the whole batch, where that needs no rendering */
  readonly asItIs?: true;
  /** what is sent while nothing else is, after a position */
  beat(position: number): string;
  /** the last message of an answer that ends before its end */
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
    // An id without data is no message, but a browser remembers it: so a reader of few events need not begin far back.
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

/** All of a batch, rendered once for all readers of a format. */
export function renderAll(batch: Batch, format: Format): Uint8Array {
  if (format.asItIs === true) return batch.lines;
  return batch.once(format, () => Buffer.from(rowsOf(batch).map(format.render).join('')));
}
