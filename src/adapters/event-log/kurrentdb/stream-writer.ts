import type { LogPosition } from '../../../ports/event-log.ts';
import { errorText, Fault, faultCode, faultOf, isTransient } from '../../../ports/fault.ts';
import { appendIdempotent, chunksOf } from './append-idempotent.ts';
import type { LogHealth } from './kurrent-event-log.ts';
import type { RetryPolicy, Stream } from './stream.ts';
import { endOf, type Link } from './wire.ts';

interface StreamWriterOptions {
  readonly stream: Stream;
  readonly retry: RetryPolicy;
  /** the last event in the stream */
  readonly end: LogPosition;
  readonly health: LogHealth;
  /** Called after every append that succeeded: events, bytes and seconds. */
  readonly onFlush: (records: number, bytes: number, seconds: number) => void;
}

/** Stores batches in the stream, one at a time. A cluster that does not answer is retried until `abort`. */
export class StreamWriter {
  readonly #options: StreamWriterOptions;
  readonly #aborted = new AbortController();
  #durable: LogPosition;
  #opened = 0;
  /** the last durable position when the current batch began */
  #before: number;

  constructor(options: StreamWriterOptions) {
    this.#options = options;
    this.#durable = options.end;
    this.#before = options.end.position;
  }

  /** The last durable event. */
  get durable(): LogPosition {
    return this.#durable;
  }

  /** The position of this writer's own StoreOpened, 0 before it. */
  get opened(): number {
    return this.#opened;
  }

  async store(batch: readonly (readonly Link[])[]): Promise<void> {
    this.#before = this.#durable.position;
    for (const chunk of chunksOf(batch.flat())) await this.#appendOrSplit(chunk);
  }

  /**
   * Returns the fault for the callers of a failed batch. The cluster can't undo: the log is stopped unless the fault is
   * transient and no part of the batch is in the stream.
   */
  async undo(error: unknown): Promise<Fault> {
    const fault = faultOf(error, this.#options.stream.where);
    if (isTransient(fault) && this.#durable.position === this.#before) return fault;
    const stopped = isTransient(fault) ? partlyStored(fault) : fault;
    this.#options.health.stop(stopped);
    return stopped;
  }

  /** Ends waiting for a cluster that does not answer. */
  abort(): void {
    this.#aborted.abort();
  }

  /** A cluster may be configured to accept less than its default: then each event is sent separately. */
  async #appendOrSplit(links: readonly Link[]): Promise<void> {
    try {
      await this.#append(links);
    } catch (error) {
      if (faultCode(error) !== 'too-large') throw error;
      const [only, ...others] = links;
      if (only !== undefined && others.length === 0) throw tooLarge(this.#options.stream, only, error);
      for (const link of links) await this.#appendOrSplit([link]);
    }
  }

  async #append(links: readonly Link[]): Promise<void> {
    const { stream, retry, health, onFlush } = this.#options;
    const began = performance.now();
    const reportWait = (why: string) => health.setUnanswered(unanswered(stream, why));
    const timer = setTimeout(reportWait, retry.notice, `no answer within ${retry.notice} ms`);
    try {
      await appendIdempotent(stream, links, {
        retry,
        signal: this.#aborted.signal,
        opened: this.#opened,
        onWait: (why) => {
          if (performance.now() - began >= retry.notice) reportWait(why);
        },
      });
    } finally {
      clearTimeout(timer);
    }
    health.setUnanswered(undefined);
    for (const { position, proposal } of links) if (proposal.type.startsWith('StoreOpened.')) this.#opened = position;
    this.#durable = endOf(links, this.#durable);
    const bytes = links.reduce((sum, link) => sum + link.bytes, 0);
    onFlush(links.length, bytes, (performance.now() - began) / 1000);
  }
}

/** The transient fault of a batch, some events of which are in the stream: not transient any more. */
const partlyStored = (cause: Fault) => new Fault('io', cause.message, { hint: cause.hint, cause });

const unanswered = ({ where }: Stream, why: string) =>
  new Fault('io', `${where}: the cluster does not answer: ${why}`, {
    hint: 'check that its nodes run, have a leader, and can be reached from here; the daemon then continues by itself',
  });

/** Bytes of an append in addition to the JSON of its event. */
const margin = 4_096;

/** The fault for an event over the log's own limit, or with `cause` over the cluster's. */
export const tooLarge = ({ where }: Stream, { position, bytes }: Link, cause?: unknown): Fault =>
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
