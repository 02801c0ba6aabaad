import type { Batch } from '../../app/feed/batch.ts';
import { type Feed, idle, type Wanted } from '../../app/feed/feed.ts';
import type { StreamBody } from '../route.ts';
import type { Chooser } from './chooser.ts';
import { type Format, renderAll } from './format.ts';
import { rowsOf } from './rows.ts';

/** A reader who gets nothing for so long, in milliseconds, is sent a heartbeat, even while others get something. */
const longestSilence = 15_000;

export interface EventStream {
  readonly feed: Feed;
  readonly wanted: Wanted;
  readonly format: Format;
  /** which events; undefined for all */
  readonly chooser: Chooser | undefined;
  /** told when the reader is given up */
  readonly onDrop: (why: string) => void;
}

/** The answer with the events that a reader wants. */
export function streamEvents(stream: EventStream): StreamBody {
  return {
    chunks: (signal) => chunks(stream, signal),
    farewell: (why) => {
      stream.onDrop(why);
      return stream.format.farewell(why);
    },
  };
}

async function* chunks({ feed, wanted, format, chooser }: EventStream, signal: AbortSignal) {
  const { opening = '', closing = '' } = format;
  let position = wanted.from - 1;
  let unopened = opening !== '';
  let quietSince = performance.now();
  for await (const batch of feed.read(wanted, signal)) {
    if (batch !== idle) position = Math.max(position, batch.last);
    const rendered = batch === idle ? '' : chosen(batch, format, chooser);
    const quiet = rendered.length === 0;
    if (quiet && batch !== idle && performance.now() - quietSince < longestSilence) continue;
    quietSince = performance.now();
    if (quiet) yield format.beat(position);
    else yield unopened ? opened(opening, rendered) : rendered;
    unopened = unopened && quiet;
  }
  if (unopened) yield opening;
  if (closing !== '' && !signal.aborted) yield closing;
}

function chosen(batch: Batch, format: Format, chooser: Chooser | undefined): string | Uint8Array {
  return chooser === undefined ? renderAll(batch, format) : rowsOf(batch).filter(chooser).map(format.render).join('');
}

/** What separates elements stands before each, and so before the first as well. */
const opened = (opening: string, rendered: string | Uint8Array) => opening + Buffer.from(rendered).toString().slice(1);
