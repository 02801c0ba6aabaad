import * as either from 'fp-ts/lib/Either.js';
import { ownKeyOf } from '../../../projections/snapshot.ts';
import { Ambiguous, ambiguousRow } from '../../app/audit/find-snapshot.ts';
import { knownKey } from '../../app/audit/history.ts';
import type { Feed } from '../../app/feed/feed.ts';
import { Fault } from '../../ports/fault.ts';
import { asJson, plain } from '../answers.ts';
import { decodeQuery } from '../decode-query.ts';
import { createChooser } from '../events/chooser.ts';
import type { Format, Formats } from '../events/format.ts';
import { negotiate, offered } from '../events/negotiate.ts';
import { afterLastEvent, EventsQuery } from '../events/query.ts';
import { streamEvents } from '../events/stream-events.ts';
import { type HttpAnswer, type HttpRequest, type Route, reading } from '../route.ts';
import { type AuditSource, withLog } from './audit/source.ts';

export interface EventsSource extends Pick<AuditSource, 'files'> {
  readonly feed: Feed;
  /** id of the store */
  readonly store: string;
  readonly formats: Formats;
  /** told of readers that are given up before the end of their answer */
  readonly onDrop: (why: string) => void;
}

/** How many readers there may be at a time. */
const mostSubscribers = 400;

/** The events of the log, from a position on, and as they come. */
export const events: Route<EventsSource> = {
  path: '/events',
  methods: reading,
  parameters: Object.keys(EventsQuery.props).map((name) => ({ name, required: false })),
  answer: async (request, sources) => {
    const format = negotiate(request.headers.accept, sources.formats);
    if (format === undefined) return plain(406, `there is ${offered}`);
    const decoded = either.chain((query: EventsQuery) => positioned(query, request))(
      decodeQuery(EventsQuery, request.query),
    );
    if (either.isLeft(decoded)) return plain(400, decoded.left);
    return answerWith(sources, format, decoded.right, request.method).catch((error: unknown) => {
      if (error instanceof Ambiguous) return asJson(ambiguousRow(error), 409);
      throw error;
    });
  },
};

type Positioned = EventsQuery & { readonly from: number };

/** A reader that comes again says what it has seen: that counts, since its address still says where it once began. */
function positioned(query: EventsQuery, { headers }: HttpRequest): either.Either<string, Positioned> {
  const id = headers['last-event-id'];
  const from = typeof id === 'string' && id !== '' ? afterLastEvent(id) : either.right(Math.max(query.from ?? 1, 1));
  return either.map((position: number) => ({ ...query, from: position }))(from);
}

/** A key that is not of containerd's form names a snapshot, or one that is still to come. */
async function keyOf({ files }: EventsSource, key: string | undefined): Promise<string | undefined> {
  if (key === undefined || ownKeyOf(key) !== '') return key;
  try {
    return await withLog(files, (opened) => knownKey(files, opened, key));
  } catch (error) {
    if (error instanceof Fault && error.code === 'missing' && !(error instanceof Ambiguous)) return key;
    throw error;
  }
}

async function answerWith(
  sources: EventsSource,
  format: Format,
  asked: Positioned,
  method: string,
): Promise<HttpAnswer> {
  const { feed, store, onDrop } = sources;
  const { from, follow = format.follows } = asked;
  if (follow && format.closing !== undefined)
    return plain(400, `follow: ${format.contentType} is a list and has an end; ask for application/cloudevents+json`);
  if (method === 'GET' && feed.subscribers.size >= mostSubscribers)
    return plain(503, `there are ${mostSubscribers} readers already: try again later`, { 'retry-after': '10' });
  const headers = { 'snapledger-store': store, 'snapledger-position': String(feed.position) };
  const first = await feed.firstFrom(from);
  if (first !== from)
    return plain(410, `position ${from} is gone: the first one after it is ${first}`, {
      ...headers,
      'snapledger-first': String(first),
    });
  const key = await keyOf(sources, asked.key);
  const query = { ...asked, ...(key === undefined ? {} : { key }) };
  const wanted = { from, follow, ...(key === undefined ? {} : { since: 1 }) };
  const chooser = createChooser(query, from);
  const body = streamEvents({ feed, wanted, format, chooser, onDrop });
  return { status: 200, type: format.contentType, body, headers };
}
