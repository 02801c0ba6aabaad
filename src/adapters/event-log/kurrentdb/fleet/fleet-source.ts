import { Fault, faultCode } from '../../../../ports/fault.ts';
import type { ClusterPosition, FleetBatch, FleetRequest, FleetSource } from '../../../../ports/fleet-source.ts';
import { untilAborted } from '../../../../ports/promises.ts';
import type { AllRecorded } from '../connect.ts';
import { readConnectionString } from '../connection-string.ts';
import { checkVersion } from '../open-kurrent-event-log.ts';
import { defaultRetryPolicy, maxPause, type RetryPolicy } from '../stream.ts';
import { type AllStreams, allPageSize, openAllStreams } from './all-streams.ts';
import { decodedItem, type RawItem } from './heads.ts';
import { createInbox, type Received } from './inbox.ts';
import { createFleetStores, type FleetStores } from './stores.ts';

export interface KurrentFleetSourceOptions {
  /** `kurrentdb://host:port?…` */
  readonly url: string;
  readonly retry?: Partial<Pick<RetryPolicy, 'answer' | 'outcome' | 'check'>>;
}

/**
 * All stores of a cluster. Throws a Fault (`misuse`) for a string that the client does not accept. What there is is read in
 * pages, one ahead of the reader; then a subscription delivers what is added.
 */
export function createKurrentFleetSource(options: KurrentFleetSourceOptions): FleetSource {
  const { where, read } = createRawFleetSource(options);
  return {
    where,
    read: async function* (request) {
      for await (const batch of read(request)) yield { ...batch, items: batch.items.map(decodedItem) };
    },
  };
}

/** As `createKurrentFleetSource`, for a reader that decodes the events elsewhere. */
export function createRawFleetSource({ url, retry = {} }: KurrentFleetSourceOptions): FleetSource<RawItem> {
  const target = readConnectionString(url);
  const policy = { ...defaultRetryPolicy, ...retry };
  return {
    where: target.shown,
    read: async function* (request) {
      const { signal } = request;
      const all = openAllStreams({ target, retry: policy, signal });
      try {
        yield* batches(all, request, policy);
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        await all.close();
      }
    },
  };
}

async function* batches(
  all: AllStreams,
  { after, heads, signal }: FleetRequest,
  policy: RetryPolicy,
): AsyncGenerator<FleetBatch<RawItem>> {
  await untilAborted(checkVersion(all), signal);
  await checkEnd(all, after, policy, signal);
  const stores = createFleetStores(all, heads);
  const reader = { all, stores, signal, policy };
  const at = yield* catchUp(reader, after);
  yield* follow(reader, at);
}

interface Reader {
  readonly all: AllStreams;
  readonly stores: FleetStores;
  readonly signal: AbortSignal;
  readonly policy: RetryPolicy;
}

export const isBefore = (one: ClusterPosition, other: ClusterPosition) =>
  one.commit < other.commit || (one.commit === other.commit && one.prepare < other.prepare);

/** A cluster that lacks the event at `after`. A new leader may lack some for a moment. */
async function checkEnd(
  all: AllStreams,
  after: ClusterPosition | undefined,
  { outcome }: RetryPolicy,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + outcome;
  for (;;) {
    const newest = await untilAborted(all.newest(), signal);
    if (after === undefined || (newest !== undefined && !isBefore(newest, after))) return;
    if (performance.now() + maxPause > end) throw clusterBehind(all.where, newest, after);
    await pause(maxPause, signal);
  }
}

const pause = (milliseconds: number, signal: AbortSignal) =>
  untilAborted(new Promise<void>((resolve) => setTimeout(resolve, milliseconds)), signal);

const clusterBehind = (where: string, newest: ClusterPosition | undefined, after: ClusterPosition) =>
  new Fault(
    'corrupt',
    `${where}: the cluster ends at commit position ${newest?.commit ?? 'none'}, but ${after.commit} was read before`,
    {
      hint: 'it was restored from an older backup, or is another one: rebuild what was derived from it (snapledger fleet index --rebuild), without the checkpoint',
    },
  );

/** Events up to the end, or to pages that take long because they hold little of the stores. Returns the last position. */
async function* catchUp(
  { all, stores, signal }: Reader,
  after: ClusterPosition | undefined,
): AsyncGenerator<FleetBatch<RawItem>, ClusterPosition | undefined> {
  let at = after;
  let failures = 0;
  for (let next = readPages(all, at); ; ) {
    const { events, isLast, failure } = await untilAborted(next, signal);
    const last = events.at(-1)?.position ?? at;
    if (!isLast && failure === undefined) next = readPages(all, last);
    yield* batchesOf(stores, events, { at, caughtUp: false });
    at = last;
    if (isLast) return at;
    failures = failure === undefined || events.length > 0 ? 0 : failures + 1;
    if (failure === undefined) continue;
    if (faultCode(failure) !== 'io') throw failure;
    await untilAborted(all.newest(), signal);
    // A subscription gets over long ranges without events of stores, with checkpoints.
    if (failures === 2) return at;
    next = readPages(all, at);
  }
}

/** Maximum number of events in a batch of what is there: each batch is a transaction of an index. */
const batchSize = 16_384;

interface Pages {
  readonly events: readonly AllRecorded[];
  /** the end was reached */
  readonly isLast: boolean;
  /** why a page failed */
  readonly failure?: unknown;
}

/** The pages of a batch. Does not reject. */
async function readPages(all: AllStreams, after: ClusterPosition | undefined): Promise<Pages> {
  const events: AllRecorded[] = [];
  for (let at = after; events.length < batchSize; at = events.at(-1)?.position) {
    try {
      const page = await all.page(at);
      for (const event of page) if (at === undefined || isBefore(at, event.position)) events.push(event);
      if (page.length < allPageSize) return { events, isLast: true };
    } catch (failure) {
      return { events, isLast: false, failure };
    }
  }
  return { events, isLast: false };
}

/** The batches of some events, one unless streams of stores have to be read; none for no events. */
async function* batchesOf(
  stores: FleetStores,
  events: readonly AllRecorded[],
  { at, caughtUp }: { readonly at: ClusterPosition | undefined; readonly caughtUp: boolean },
): AsyncGenerator<FleetBatch<RawItem>> {
  let before = at;
  let items: RawItem[] = [];
  for (const event of events) {
    if (!stores.take(event, items))
      for await (const more of stores.examine(event)) {
        items.push(...more);
        if (items.length < allPageSize) continue;
        yield { items, at: before ?? rightBefore(event.position), caughtUp: false };
        items = [];
      }
    before = event.position;
  }
  if (before !== undefined && events.length > 0) yield { items, at: before, caughtUp };
}

const rightBefore = ({ commit, prepare }: ClusterPosition): ClusterPosition =>
  prepare > 0n ? { commit, prepare: prepare - 1n } : { commit: commit > 0n ? commit - 1n : 0n, prepare: 0n };

/** What is added, as it arrives. */
async function* follow(
  { all, stores, signal, policy }: Reader,
  after: ClusterPosition | undefined,
): AsyncGenerator<FleetBatch<RawItem>> {
  const inbox = createInbox(allPageSize);
  const subscription = await untilAborted(all.subscribe(after, inbox), signal);
  inbox.attach(subscription);
  let at = after;
  let caughtUp = false;
  try {
    for (;;) {
      const received: Received = await untilAborted(inbox.next(policy.check, caughtUp ? 0 : linger), signal);
      const { events, checkpoint, reachedEnd, fault } = received;
      const idle = events.length === 0 && checkpoint === undefined && !reachedEnd;
      if (fault !== undefined && idle) throw fault;
      // A server before 23.10 does not report the end, and a silent one reports nothing at all.
      if (idle) await untilAborted(all.newest(), signal);
      const news: boolean = !caughtUp && (reachedEnd || idle);
      caughtUp ||= news;
      yield* batchesOf(stores, events, { at, caughtUp: caughtUp && inbox.isEmpty() });
      at = events.at(-1)?.position ?? at;
      const passed = checkpoint && (await passedBy(all, checkpoint, at, signal));
      at = passed ?? at;
      if (passed !== undefined || (news && events.length === 0))
        yield { items: [], at: at ?? beginning, caughtUp: caughtUp && inbox.isEmpty() };
    }
  } finally {
    subscription.close();
  }
}

/** Milliseconds in which a batch fills while there is more. */
const linger = 200;

const beginning: ClusterPosition = { commit: 0n, prepare: 0n };

/** The newest event that a checkpoint covers, if it is after `at`: a position that can be looked up later. */
async function passedBy(
  all: AllStreams,
  checkpoint: ClusterPosition,
  at: ClusterPosition | undefined,
  signal: AbortSignal,
): Promise<ClusterPosition | undefined> {
  if (at !== undefined && !isBefore(at, checkpoint)) return undefined;
  const newest = await untilAborted(all.newest(checkpoint), signal);
  return newest !== undefined && (at === undefined || isBefore(at, newest)) ? newest : undefined;
}
