import * as either from 'fp-ts/lib/Either.js';
import { ownKeyOf } from '../../../projections/snapshot.ts';
import { Ambiguous, AmbiguousRow } from '../../app/audit/find-snapshot.ts';
import { knownKey } from '../../app/audit/history.ts';
import { withLog } from '../../app/audit/state-at.ts';
import type { Feed } from '../../app/feed/feed.ts';
import { Position, Switch, Text, Types } from '../../app/queries/parameters.ts';
import type { AuditSource, Values } from '../../app/queries/query.ts';
import { Fault } from '../../ports/fault.ts';
import { contentTypes, type Format, type Formats, negotiate } from '../events/format.ts';
import { createChooser, streamEvents } from '../events/stream-events.ts';
import { failure, type HttpAnswer, jsonOf, misuse, plain, type Route, reading, textOf } from '../route.ts';

export interface EventsSource extends Pick<AuditSource, 'files'> {
  readonly feed: Feed;
  /** id of the store */
  readonly store: string;
  readonly formats: Formats;
  /** called for clients that are disconnected before the end of their answer */
  readonly onDrop: (why: string) => void;
}

const maxSubscribers = 400;

const parameters = {
  from: { codec: Position, help: 'first position, default 1' },
  types: { codec: Types, help: 'only events of these types, comma-separated or repeated' },
  key: { codec: Text, help: 'only the history of snapshots that ever had this key or name, given as for /history' },
  follow: { codec: Switch, help: '1: continue with new events; 0: end at the end of the log' },
} as const;

/** The events of the log from a position on, and new ones as they are appended. */
export const events: Route<EventsSource, typeof parameters> = {
  path: '/events',
  methods: reading,
  summary: 'events of the log from a position on, and new ones as they are appended',
  parameters,
  answers: {
    200: { type: 'application/x-ndjson', text: 'one event a line; other formats by Accept' },
    400: misuse,
    406: textOf('the formats that are available'),
    409: jsonOf(AmbiguousRow),
    410: textOf('the position is no longer in the log; the first one that is'),
    503: textOf('too many clients'),
    default: failure,
  },
  answer: async ({ method, headers, values }, sources) => {
    const format = negotiate(headers.accept, sources.formats);
    if (format === undefined) return plain(406, `there is ${contentTypes}`);
    const from = startOf(headers['last-event-id'], values.from);
    if (either.isLeft(from)) return plain(400, from.left);
    return answerWith(sources, format, { ...values, from: from.right }, method);
  },
};

/** A client that reconnects sends the last position that it has seen. This overrides its address, which has the position that it once began at. */
function startOf(id: string | readonly string[] | undefined, from = 1): either.Either<string, number> {
  if (typeof id !== 'string' || id === '') return either.right(Math.max(from, 1));
  return either.bimap(
    () => `Last-Event-ID: expected ${Position.name}, found ${JSON.stringify(id.slice(0, 40))}`,
    (position: number) => position + 1,
  )(Position.decode(id));
}

/** A key that is not in containerd's form names a snapshot; an unknown one may still appear. */
async function keyOf({ files }: EventsSource, key: string | undefined): Promise<string | undefined> {
  if (key === undefined || ownKeyOf(key) !== '') return key;
  try {
    return await withLog(files, (log) => knownKey(files, log, key));
  } catch (error) {
    if (error instanceof Fault && error.code === 'missing' && !(error instanceof Ambiguous)) return key;
    throw error;
  }
}

async function answerWith(
  sources: EventsSource,
  format: Format,
  { from, types, key: given, follow = format.follows }: Values<typeof parameters> & { readonly from: number },
  method: string,
): Promise<HttpAnswer> {
  const { feed, store, onDrop } = sources;
  if (follow && format.closing !== undefined)
    return plain(400, `follow: ${format.contentType} is a list and has an end; ask for application/cloudevents+json`);
  if (method === 'GET' && feed.subscribers.size >= maxSubscribers)
    return plain(503, `there are ${maxSubscribers} clients already: try again later`, { 'retry-after': '10' });
  const headers = { 'snapledger-store': store, 'snapledger-position': String(feed.position) };
  const first = await feed.firstFrom(from);
  if (first !== from)
    return plain(410, `position ${from} is gone: the first one after it is ${first}`, {
      ...headers,
      'snapledger-first': String(first),
    });
  const key = await keyOf(sources, given);
  const wanted = { from, follow, ...(key === undefined ? {} : { since: 1 }) };
  const body = streamEvents({ feed, wanted, format, chooser: createChooser({ types, key, from }), onDrop });
  return { status: 200, type: format.contentType, body, headers };
}
