import { PositionGone } from '../../ports/event-source.ts';
import { deferred } from '../../ports/promises.ts';
import { follow } from '../background/follow.ts';
import type { Pipelines } from '../background/pipeline.ts';
import type { Journal } from '../store/journal.ts';
import { Batch, readEncoded } from './batch.ts';
import { createReadScheduler, type ReadScheduler, scheduled } from './read-scheduler.ts';
import { TailBuffer } from './tail-buffer.ts';

export interface Wanted {
  /** the first position that is wanted; if it does not exist yet, any later one will do */
  readonly from: number;
  /** Begins earlier, for readers whose choice depends on earlier events. Positions missing before `from` are skipped. */
  readonly since?: number;
  /** to go on with new events, or to end with what is durable at the call */
  readonly follow: boolean;
}

/** A heartbeat: no event has come for a while, and the feed still works. */
export const idle = Symbol('idle');

/** A reader of the feed, for metrics. */
export interface Subscriber {
  /** of the last event that was handed over */
  readonly position: number;
}

/** The durable events for readers outside: from any position on, in order, without gap or repeat. */
export interface Feed {
  /** of the newest durable event */
  readonly position: number;
  readonly subscribers: ReadonlySet<Subscriber>;
  /**
   * Batches as the reader asks for them; nothing is buffered for a reader that does not ask. Ends after the signal. Throws a
   * PositionGone if the log lacks a wanted position, a Fault (`corrupt`) if it is damaged.
   */
  read(wanted: Wanted, signal: AbortSignal): AsyncIterable<Batch | typeof idle>;
  /** The first position from `from` on that the log holds or will hold. */
  firstFrom(from: number): Promise<number>;
}

type Source = Pick<Journal, 'durable' | 'log'>;

interface Context {
  readonly journal: Source;
  readonly pipelines: Pipelines;
  /** milliseconds */
  readonly heartbeat?: number;
}

export function createFeed({ journal, pipelines, heartbeat = 15_000 }: Context): Feed {
  const scheduler = createReadScheduler(() => journal.durable.position);
  const subscribers = new Set<Subscriber>();
  /** exists while there are readers that follow */
  let tail: TailBuffer | undefined;
  const join = (): TailBuffer => {
    tail ??= new TailBuffer({ after: journal.durable.position, pipelines, heartbeat });
    return tail;
  };
  const leave = (reader: Reader) => {
    subscribers.delete(reader);
    if (subscribers.size > 0) return;
    tail?.close();
    tail = undefined;
  };
  return {
    get position() {
      return journal.durable.position;
    },
    subscribers,
    read: async function* (wanted, signal) {
      const reader = new Reader(journal, scheduler, { ...wanted, signal });
      subscribers.add(reader);
      try {
        yield* wanted.follow ? reader.followed(join()) : reader.durable();
      } finally {
        leave(reader);
      }
    },
    firstFrom: async (from) => {
      if (from > journal.durable.position) return from;
      for await (const { first } of readEncoded(journal.log, from - 1)) return first;
      return from;
    },
  };
}

/** A reader is a position, and nothing that would grow. */
class Reader implements Subscriber {
  position: number;
  readonly #journal: Source;
  readonly #scheduler: ReadScheduler;
  readonly #from: number;
  readonly #signal: AbortSignal;

  constructor(
    journal: Source,
    scheduler: ReadScheduler,
    { from, since = from, signal }: Wanted & { readonly signal: AbortSignal },
  ) {
    this.position = since - 1;
    this.#journal = journal;
    this.#scheduler = scheduler;
    this.#from = from;
    this.#signal = signal;
  }

  /** What is durable at the call. */
  async *durable(): AsyncGenerator<Batch> {
    const end = this.#journal.durable.position;
    for await (const batch of this.#logged()) {
      yield this.#pass(batch);
      if (batch.last >= end) return;
    }
  }

  /** What the tail buffer holds comes from there, older events from the log; then whatever is recorded. */
  async *followed(tail: TailBuffer): AsyncGenerator<Batch | typeof idle> {
    const source = {
      recent: (after: number) => tail.after(after),
      isOnlyInLog: (after: number) => after < Math.min(tail.start, this.#journal.durable.position),
      read: () => this.#logged(),
    };
    while (!this.#signal.aborted) {
      for await (const batch of follow(this, source)) {
        yield this.#pass(batch);
        if (this.#signal.aborted) return;
      }
      if (await this.#more(tail)) yield idle;
    }
  }

  async *#logged(): AsyncGenerator<Batch> {
    for await (const events of scheduled(readEncoded(this.#journal.log, this.position), this.#scheduler)) {
      if (this.#signal.aborted) return;
      const missing = Math.max(this.#from, this.position + 1);
      if (events.first > missing) throw new PositionGone(missing, events.first);
      yield new Batch(events);
    }
  }

  #pass(batch: Batch): Batch {
    this.position = batch.last;
    return batch;
  }

  /** Resolves when there may be more, with whether it is only a heartbeat. */
  async #more(tail: TailBuffer): Promise<boolean> {
    if (this.#signal.aborted) return false;
    const { promise, resolve } = deferred<boolean>();
    const cancel = tail.wait(resolve);
    const end = () => resolve(false);
    this.#signal.addEventListener('abort', end, { once: true });
    try {
      return await promise;
    } finally {
      cancel();
      this.#signal.removeEventListener('abort', end);
    }
  }
}
