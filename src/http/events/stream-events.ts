import * as either from 'fp-ts/lib/Either.js';
import { decodeEnvelope } from '../../../events/envelope.ts';
import { createHistoryTracker } from '../../app/audit/select-events.ts';
import type { Batch } from '../../app/feed/batch.ts';
import { type Feed, idle, type Wanted } from '../../app/feed/feed.ts';
import type { StreamBody } from '../route.ts';
import { type Format, type Row, renderAll, rowsOf } from './format.ts';

/** Milliseconds without events for a client before it is sent a heartbeat, even while others get events. */
const heartbeatInterval = 15_000;

interface EventStream {
  readonly feed: Feed;
  readonly wanted: Wanted;
  readonly format: Format;
  /** which events; undefined for all */
  readonly chooser: Chooser | undefined;
  /** called if the client is disconnected early */
  readonly onDrop: (why: string) => void;
}

/** The body with the events that a client asked for. */
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
    if (quiet && batch !== idle && performance.now() - quietSince < heartbeatInterval) continue;
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

/** The separator is before each element, so also before the first. */
const opened = (opening: string, rendered: string | Uint8Array) => opening + Buffer.from(rendered).toString().slice(1);

/** Decides event by event, in order, whether a client wants it. */
type Chooser = (row: Row) => boolean;

interface Wishes {
  readonly types: readonly string[] | undefined;
  readonly key: string | undefined;
  readonly from: number;
}

/** Undefined if everything is wanted. */
export function createChooser({ types, key, from }: Wishes): Chooser | undefined {
  if (types === undefined && key === undefined) return undefined;
  const wanted = new Set(types);
  const concerns = key === undefined ? () => true : createKeyChooser(key);
  // The history needs every event, so it comes first.
  return (row) => concerns(row) && row.position >= from && (types === undefined || wanted.has(row.type));
}

/** The history of all snapshots that ever had a key. Decodes only events that contain the key or one of their ids. */
function createKeyChooser(key: string): Chooser {
  const add = createHistoryTracker(key);
  let texts: readonly string[] = [JSON.stringify(key)];
  return ({ text }) => {
    if (!texts.some((one) => text.includes(one))) return false;
    const envelope = decodeEnvelope(JSON.parse(text));
    if (either.isLeft(envelope)) throw new Error(envelope.left);
    const ids = add(envelope.right);
    if (ids !== undefined) texts = [JSON.stringify(key), ...[...ids].map((id) => `"id":"${id}"`)];
    return ids !== undefined;
  };
}
