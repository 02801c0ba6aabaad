import { Fault, faultCode } from '../../../../ports/fault.ts';
import type { ClusterPosition, FleetBatch, FleetRequest, FleetSource } from '../../../../ports/fleet-source.ts';
import { untilAborted } from '../../../../ports/promises.ts';
import type { AllRecorded } from '../connect.ts';
import { readConnectionString } from '../connection-string.ts';
import { checkVersion } from '../open-kurrent-event-log.ts';
import { defaultRetryPolicy, maxPause, type RetryPolicy } from '../stream.ts';
import { type AllStreams, allPageSize, openAllStreams } from './all-streams.ts';
import { batchSize, createBatch, maxLength } from './batch.ts';
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
  return createFleetSourceOf(options, decodedItem);
}

/** As `createKurrentFleetSource`, for a reader that has another form of items. */
export function createFleetSourceOf<I>(
  { url, retry = {} }: KurrentFleetSourceOptions,
  convert: (item: RawItem) => I,
): FleetSource<I> {
  const target = readConnectionString(url);
  const policy = { ...defaultRetryPolicy, ...retry };
  return {
    where: target.shown,
    read: async function* (request) {
      const { signal } = request;
      const all = openAllStreams({ target, retry: policy, signal });
      try {
        yield* batches(all, request, { policy, convert });
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        await all.close();
      }
    },
  };
}

async function* batches<I>(
  all: AllStreams,
  { after, heads, signal }: FleetRequest,
  { policy, convert }: Pick<Reader<I>, 'policy' | 'convert'>,
): AsyncGenerator<FleetBatch<I>> {
  await untilAborted(checkVersion(all), signal);
  await checkEnd(all, after, policy, signal);
  const stores = createFleetStores(all, heads);
  const reader = { all, stores, signal, policy, convert };
  const at = yield* catchUp(reader, after);
  yield* follow(reader, at);
}

interface Reader<I> {
  readonly all: AllStreams;
  readonly stores: FleetStores;
  readonly signal: AbortSignal;
  readonly policy: RetryPolicy;
  readonly convert: (item: RawItem) => I;
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
async function* catchUp<I>(
  reader: Reader<I>,
  after: ClusterPosition | undefined,
): AsyncGenerator<FleetBatch<I>, ClusterPosition | undefined> {
  const { all, signal } = reader;
  let at = after;
  let failures = 0;
  for (let next = readPages(reader, at); ; ) {
    const { items, taken, rest, newest, isLast, failure } = await untilAborted(next, signal);
    const goesOn = !isLast && failure === undefined;
    if (goesOn && rest.length === 0) next = readPages(reader, newest);
    if (taken !== undefined && taken !== at) yield { items, at: taken, caughtUp: false };
    yield* batchesOf(reader, rest, { at: taken, caughtUp: false });
    failures = failure === undefined || newest !== at ? 0 : failures + 1;
    at = newest;
    if (isLast) return at;
    if (goesOn && rest.length === 0) continue;
    if (failure !== undefined) {
      if (faultCode(failure) !== 'io') throw failure;
      await untilAborted(all.newest(), signal);
      // A subscription gets over long ranges without events of stores, with checkpoints.
      if (failures === 2) return at;
    }
    next = readPages(reader, at);
  }
}

interface Pages<I> {
  /** of the events up to `taken` */
  readonly items: readonly I[];
  readonly taken: ClusterPosition | undefined;
  /** the event after it, if its store's stream has to be read first */
  readonly rest: readonly AllRecorded[];
  /** position of the last event of all */
  readonly newest: ClusterPosition | undefined;
  /** the end was reached */
  readonly isLast: boolean;
  /** why a page failed */
  readonly failure?: unknown;
}

/**
 * The pages of a batch. Each event is verified and converted as it arrives: many events in memory at once would be copied again and
 * again by the collection of garbage. Does not reject.
 */
async function readPages<I>(reader: Reader<I>, after: ClusterPosition | undefined): Promise<Pages<I>> {
  const { all, stores } = reader;
  const batch = createBatch(reader.convert);
  const rest: AllRecorded[] = [];
  let [taken, newest] = [after, after];
  const receive = (event: AllRecorded) => {
    if (newest !== undefined && !isBefore(newest, event.position)) return true;
    newest = event.position;
    if (!stores.take(event, batch.add)) rest.push(event);
    else taken = newest;
    return rest.length === 0 && !batch.isHeavy();
  };
  const pages = (isLast: boolean, failure?: unknown) => ({ items: batch.items, taken, rest, newest, isLast, failure });
  while (batch.items.length < batchSize && rest.length === 0 && !batch.isHeavy()) {
    try {
      if (await all.page(newest, receive)) return pages(true);
    } catch (failure) {
      return pages(false, failure);
    }
  }
  return pages(false);
}

/** The batches of some events, one unless streams of stores have to be read or events are large; none for no events. */
async function* batchesOf<I>(
  { stores, convert }: Reader<I>,
  events: readonly AllRecorded[],
  { at, caughtUp }: { readonly at: ClusterPosition | undefined; readonly caughtUp: boolean },
): AsyncGenerator<FleetBatch<I>> {
  let before = at;
  let batch = createBatch(convert);
  for (const event of events) {
    if (!stores.take(event, batch.add))
      for await (const more of stores.examine(event)) {
        for (const item of more) batch.add(item);
        if (batch.items.length < allPageSize && !batch.isHeavy()) continue;
        yield { items: batch.items, at: before ?? rightBefore(event.position), caughtUp: false };
        batch = createBatch(convert);
      }
    before = event.position;
    if (!batch.isHeavy()) continue;
    yield { items: batch.items, at: before, caughtUp: false };
    batch = createBatch(convert);
  }
  if (before !== undefined && events.length > 0) yield { items: batch.items, at: before, caughtUp };
}

const rightBefore = ({ commit, prepare }: ClusterPosition): ClusterPosition =>
  prepare > 0n ? { commit, prepare: prepare - 1n } : { commit: commit > 0n ? commit - 1n : 0n, prepare: 0n };

/** What is added, as it arrives. */
async function* follow<I>(reader: Reader<I>, after: ClusterPosition | undefined): AsyncGenerator<FleetBatch<I>> {
  const { all, signal, policy } = reader;
  const inbox = createInbox(allPageSize, maxLength);
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
      yield* batchesOf(reader, events, { at, caughtUp: caughtUp && inbox.isEmpty() });
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
