import type { Envelope } from '../../../../events/envelope.ts';
import type { EventLog, LogTrouble } from '../../../ports/event-log.ts';
import { Fault } from '../../../ports/fault.ts';
import { createAppend, GroupCommit, stoppedFault } from '../group-commit.ts';
import { chainHashAt, expiredEvents, readPages, type StreamState } from './read-stream.ts';
import type { RetryPolicy, Stream } from './stream.ts';
import { StreamWriter, tooLarge } from './stream-writer.ts';
import { type Trouble, watchStream } from './watch-stream.ts';
import { endOf, type Link, linked } from './wire.ts';

interface Parts {
  readonly stream: Stream;
  /** the same stream over its own connection, for checks of it */
  readonly watched: Stream;
  readonly genesis: string;
  readonly ends: StreamState;
  readonly retry: RetryPolicy;
  /** limit of an event's JSON, in bytes */
  readonly largest: number;
  readonly onFlush: (records: number, bytes: number, seconds: number) => void;
}

/** Milliseconds for which a log that is being closed waits for a pending append. */
const closeTimeout = 2_000;

/**
 * The log as a stream of a cluster: position is revision + 1. One append is in flight; later ones share the next.
 * A cluster that does not answer is retried, and the stream is checked while nothing is written: both are reported as
 * temporary trouble. Another writer, or another history, stops the log.
 */
export function createKurrentEventLog({ stream, watched, genesis, ends, largest, ...writing }: Parts): EventLog {
  const beginning = { genesis, first: ends.first };
  const health = new LogHealth();
  const writer = new StreamWriter({ ...writing, stream, health, end: ends.end });
  let end = ends.end;
  let closing: Promise<void> | undefined;

  const watch = watchStream(watched, {
    first: ends.first,
    every: writing.retry.check,
    written: () => ({ ...writer.durable, busy: end.position !== writer.durable.position, opened: writer.opened }),
    settings: ends.settings,
    report: (trouble) => health.setChecked(trouble),
  });
  const commit = new GroupCommit<readonly Link[]>({
    store: (batch) => writer.store(batch),
    undo: (error) => writer.undo(error),
    // An event that the cluster may refuse must not fail others.
    together: (first, item) => first.every(isSmall) && item.every(isSmall),
    rewind: () => {
      end = writer.durable;
    },
  });
  const append: EventLog['append'] = (envelopes, { flush, reserve = false }) => {
    health.expectAccepting(reserve);
    const links = linked(envelopes, end.chainHash);
    const limit = reserve ? largest : largest - headroom;
    for (const link of links) if (link.bytes > limit) throw tooLarge(stream, link);
    end = endOf(links, end);
    return commit.enqueue(links, flush);
  };
  const close = async () => {
    health.close(new Fault('stopped', `${stream.where}: is closed`, { hint: 'open it again' }));
    const timer = setTimeout(() => writer.abort(), health.hasUnanswered ? 0 : closeTimeout);
    await commit.settled().catch(() => {});
    clearTimeout(timer);
    await watch.close();
    await stream.close();
  };
  return {
    get end() {
      return end;
    },
    ...goneBefore(stream, ends),
    append: createAppend(() => end.position, append),
    read: (after) => upTo(readPages(stream, after, beginning), () => writer.durable.position),
    chainHashAt: (position) => chainHashAt(stream, position, { ...beginning, end: writer.durable }),
    settled: () => commit.settled(),
    onTrouble: (report) => health.onTrouble(report),
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

const isSmall = ({ bytes }: Link) => bytes <= 65_536;

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

/** The `gone` of an `EventLog` whose first events have expired; empty if none have. */
export function goneBefore(stream: Stream, { first, settings }: StreamState): Pick<EventLog, 'gone'> {
  if (first === 1) return {};
  const fault = expiredEvents(stream, settings, `positions 1 to ${first - 1} are not shown any more`);
  return { gone: { upTo: first - 1, fault } };
}

/**
 * Decides which appends the log accepts, and reports every change. Three sources: the fault that stopped the log, an append
 * that the cluster does not answer, and the last check of the stream. The first takes precedence, then the second.
 */
export class LogHealth {
  #stopped: Fault | undefined;
  #unanswered: Fault | undefined;
  #checked: Trouble | undefined;
  #closed = false;
  #report: (trouble: LogTrouble | undefined) => void = () => {};

  /** Replaces the listener and calls it at once. */
  onTrouble(report: (trouble: LogTrouble | undefined) => void): void {
    this.#report = report;
    this.#notify();
  }

  /** Throws a Fault (`stopped`) if the log does not accept such an append now. */
  expectAccepting(reserve: boolean): void {
    if (this.#stopped !== undefined) throw stoppedFault(this.#stopped);
    const { fault, refuses = 'none' } = this.#checked ?? {};
    if (fault !== undefined && (refuses === 'all' || (refuses === 'ordinary' && !reserve))) throw refusedFor(fault);
  }

  get hasUnanswered(): boolean {
    return this.#unanswered !== undefined;
  }

  /** Undefined when the cluster has answered. */
  setUnanswered(fault: Fault | undefined): void {
    this.#unanswered = fault;
    this.#notify();
  }

  setChecked(trouble: Trouble | undefined): void {
    this.#checked = trouble;
    if (trouble?.stops === true) this.#stopped ??= trouble.fault;
    this.#notify();
  }

  stop(fault: Fault): void {
    this.#stopped = fault;
    this.#notify();
  }

  /** Stops the log, and reports nothing from now on. */
  close(fault: Fault): void {
    this.#closed = true;
    this.#stopped ??= fault;
  }

  #notify(): void {
    if (this.#closed) return;
    if (this.#stopped !== undefined) this.#report({ fault: this.#stopped, refuses: 'all' });
    else if (this.#unanswered !== undefined) this.#report({ fault: this.#unanswered, refuses: 'none' });
    else this.#report(this.#checked);
  }
}

const refusedFor = (cause: Fault) =>
  new Fault('stopped', `the log accepts no such events for now: ${cause.message}`, { hint: cause.hint, cause });
