import type { Envelope } from '../../../../events/envelope.ts';
import type { EventLog, LogPosition, LogTrouble } from '../../../ports/event-log.ts';
import { errorText, Fault, faultCode, faultOf, isTransient } from '../../../ports/fault.ts';
import { createAppend, createGroupCommit, stoppedFault } from '../group-commit.ts';
import { appendIdempotent, chunksOf } from './append-idempotent.ts';
import type { StreamState } from './read-stream.ts';
import { chainHashAt, expiredEvents, readPages } from './read-stream.ts';
import type { RetryPolicy, Stream } from './stream.ts';
import { type Trouble, watchStream } from './watch-stream.ts';
import { type Link, linked } from './wire.ts';

interface Parts {
  readonly stream: Stream;
  /** the same stream over its own connection, for checks of it */
  readonly watched: Stream;
  readonly genesis: string;
  readonly ends: StreamState;
  readonly retry: RetryPolicy;
  /** bytes of an event's JSON over which it is refused at once */
  readonly largest: number;
  readonly onFlush: (records: number, bytes: number, seconds: number) => void;
}

/** Milliseconds for which a log that is being closed waits for a pending append. */
const closeTimeout = 2_000;

/**
 * The log as a stream of a cluster: position is revision + 1. One append is in flight; what comes meanwhile shares the next.
 * A cluster that does not answer is retried, and the stream is checked while nothing is written: both are reported as
 * trouble that may pass. Another writer, or another history, stops the log.
 */
export function createKurrentEventLog(parts: Parts): EventLog {
  const { stream, watched, genesis, ends, retry, largest, onFlush } = parts;
  const beginning = { genesis, first: ends.first };
  const giving = new AbortController();
  let end = ends.end;
  let durable = ends.end;
  let opened = 0;
  let before = 0;
  let stopped: Fault | undefined;
  let closing: Promise<void> | undefined;
  let seen: Trouble | undefined;
  let hanging: Fault | undefined;
  let report: (trouble: LogTrouble | undefined) => void = () => {};

  const notify = () => {
    if (closing !== undefined) return;
    if (stopped !== undefined) report({ fault: stopped, refuses: 'all' });
    else report(hanging === undefined ? seen : { fault: hanging, refuses: 'none' });
  };
  const watch = watchStream(watched, {
    first: ends.first,
    every: retry.check,
    place: () => ({ ...durable, busy: end.position !== durable.position, opened }),
    settings: ends.settings,
    found: (trouble) => {
      seen = trouble;
      if (trouble?.stops === true) stopped ??= trouble.fault;
      notify();
    },
  });
  const wait = (why: string) => {
    hanging = unanswered(stream, why);
    notify();
  };
  const store = async (links: readonly Link[]) => {
    const began = performance.now();
    const late = setTimeout(wait, retry.notice, `no answer within ${retry.notice} ms`);
    try {
      await appendIdempotent(stream, links, {
        retry,
        signal: giving.signal,
        opened,
        onWait: (why) => {
          if (performance.now() - began >= retry.notice) wait(why);
        },
      });
    } finally {
      clearTimeout(late);
    }
    hanging = undefined;
    notify();
    for (const { position, proposal } of links) if (proposal.type.startsWith('StoreOpened.')) opened = position;
    durable = endOf(links, durable);
    const bytes = links.reduce((sum, link) => sum + link.bytes, 0);
    onFlush(links.length, bytes, (performance.now() - began) / 1000);
  };
  /** A cluster may be configured to accept less than its default: then each event is sent separately. */
  const storeSmaller = async (links: readonly Link[]) => {
    try {
      await store(links);
    } catch (error) {
      if (faultCode(error) !== 'too-large') throw error;
      const [only, ...others] = links;
      if (only !== undefined && others.length === 0) throw tooLarge(stream, only, error);
      for (const link of links) await storeSmaller([link]);
    }
  };
  const commit = createGroupCommit<readonly Link[]>({
    store: async (batch) => {
      before = durable.position;
      for (const chunk of chunksOf(batch.flat())) await storeSmaller(chunk);
    },
    undo: async (error) => {
      const fault = faultOf(error, stream.where);
      if (isTransient(fault) && durable.position === before) return fault;
      stopped = isTransient(fault) ? partly(fault) : fault;
      notify();
      return stopped;
    },
    // An event that the cluster may refuse must not fail others.
    together: (first, item) => first.every(isSmall) && item.every(isSmall),
    rewind: () => {
      end = durable;
    },
  });
  const admit = (links: readonly Link[], reserve: boolean) => {
    if (seen !== undefined && (seen.refuses === 'all' || (seen.refuses === 'ordinary' && !reserve)))
      throw refusedFor(seen.fault);
    const limit = reserve ? largest : largest - headroom;
    for (const link of links) if (link.bytes > limit) throw tooLarge(stream, link);
  };
  const append: EventLog['append'] = (envelopes, { flush, reserve = false }) => {
    if (stopped !== undefined) throw stoppedFault(stopped);
    const links = linked(envelopes, end.chainHash);
    admit(links, reserve);
    end = endOf(links, end);
    return commit.enqueue(links, flush);
  };
  const close = async () => {
    stopped ??= new Fault('stopped', `${stream.where}: is closed`, { hint: 'open it again' });
    const moment = setTimeout(() => giving.abort(), hanging === undefined ? closeTimeout : 0);
    await commit.settled().catch(() => {});
    clearTimeout(moment);
    await watch.close();
    await stream.close();
  };
  return {
    get end() {
      return end;
    },
    ...goneBefore(stream, ends),
    append: createAppend(() => end.position, append),
    read: (after) => upTo(readPages(stream, after, beginning), () => durable.position),
    chainHashAt: (position) => chainHashAt(stream, position, { ...beginning, end: durable }),
    settled: commit.settled,
    onTrouble: (listener) => {
      report = listener;
      notify();
    },
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** Bytes of an event's JSON: by default the cluster refuses appends over 1 MiB. */
export const largestEvent = 900_000;

/** By how much the removal of a snapshot may be larger than the event with its labels. */
const headroom = 20_000;

/** Bytes of the JSON of an event without `reserve`. */
export const largestOrdinary = largestEvent - headroom;

/** Events of another writer are not read: the next append detects them. */
async function* upTo(
  pages: AsyncIterable<readonly Envelope[]>,
  last: () => number,
): AsyncGenerator<readonly Envelope[]> {
  for await (const page of pages) {
    const known = last();
    const own = page.filter(({ position }) => position <= known);
    if (own.length > 0) yield own;
    if (own.length < page.length) return;
  }
}

const endOf = (links: readonly Link[], before: LogPosition): LogPosition => {
  const last = links.at(-1);
  return last === undefined ? before : { position: last.position, chainHash: last.chainHash };
};

/** What an `EventLog` says of events that have expired; nothing where none has. */
export function goneBefore(stream: Stream, { first, settings }: StreamState): Pick<EventLog, 'gone'> {
  if (first === 1) return {};
  const fault = expiredEvents(stream, settings, `positions 1 to ${first - 1} are not shown any more`);
  return { gone: { upTo: first - 1, fault } };
}

const unanswered = ({ where }: Stream, why: string) =>
  new Fault('io', `${where}: the cluster does not answer: ${why}`, {
    hint: 'check that its nodes run, have a leader, and can be reached from here; the daemon then continues by itself',
  });

const tooLarge = ({ where }: Stream, { position, bytes }: Link, cause?: unknown) =>
  new Fault(
    'too-large',
    `${where}: the event at position ${position}: ${bytes} bytes are more than the cluster accepts${cause === undefined ? '' : `: ${errorText(cause)}`}`,
    {
      hint:
        cause === undefined
          ? 'give the snapshot fewer or shorter labels'
          : `set MaxAppendSize of the cluster to ${bytes + margin} or more, then restart the daemon`,
      cause,
    },
  );

const isSmall = ({ bytes }: Link) => bytes <= 65_536;

/** A part of the batch is in the stream. */
const partly = (cause: Fault) => new Fault('io', cause.message, { hint: cause.hint, cause });

/** What an append has beside the JSON of its event. */
const margin = 4_096;

const refusedFor = (cause: Fault) =>
  new Fault('stopped', `the log accepts no such events for now: ${cause.message}`, { hint: cause.hint, cause });
