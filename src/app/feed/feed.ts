import { PositionGone } from '../../ports/position-gone.ts';
import type { Pipelines } from '../background/pipeline.ts';
import type { Journal } from '../store/journal.ts';
import { Batch } from './batch.ts';
import { readEncoded } from './read-encoded.ts';
import { createTurns, inTurns, type Turns } from './read-scheduler.ts';
import { createLiveWindow, type LiveWindow } from './tail-buffer.ts';

export interface Wanted {
  /** the first position that is wanted; any later one is good as well where there is none yet */
  readonly from: number;
  /** Begins earlier, for readers whose choice depends on earlier events. Positions missing before `from` are passed over. */
  readonly since?: number;
  /** to go on with what comes, or to end with what is durable at the call */
  readonly follow: boolean;
}

/** Says that nothing has come for a while, and that the feed is there all the same. */
export const idle = Symbol('idle');

/** Somebody who reads the feed, as metrics show them. */
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
   * Batches as the reader asks for them; nothing is kept for one who doesn't ask. Ends after the signal. Throws a
   * PositionGone where the log lacks a wanted position, a Fault (`corrupt`) where it is damaged.
   */
  read(wanted: Wanted, signal: AbortSignal): AsyncIterable<Batch | typeof idle>;
  /** The first position from `from` on that the log holds or will give: another one where that is gone. */
  firstFrom(from: number): Promise<number>;
}

interface Context {
  readonly journal: Pick<Journal, 'durable' | 'log'>;
  readonly pipelines: Pipelines;
  /** milliseconds */
  readonly heartbeat?: number;
}

export function createFeed({ journal, pipelines, heartbeat = 15_000 }: Context): Feed {
  const turns = createTurns(() => journal.durable.position);
  const subscribers = new Set<Subscriber>();
  let window: LiveWindow | undefined;
  /** The window is there as long as somebody follows. */
  const join = (): LiveWindow => {
    window ??= createLiveWindow({ after: journal.durable.position, pipelines, heartbeat });
    return window;
  };
  const leave = (reader: Reader) => {
    subscribers.delete(reader);
    if (subscribers.size > 0) return;
    window?.close();
    window = undefined;
  };
  return {
    get position() {
      return journal.durable.position;
    },
    subscribers,
    read: async function* (wanted, signal) {
      const reader = new Reader({ journal, turns }, wanted, signal);
      subscribers.add(reader);
      try {
        yield* wanted.follow ? reader.following(join()) : reader.reading();
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

interface Shared {
  readonly journal: Pick<Journal, 'durable' | 'log'>;
  readonly turns: Turns;
}

/** One who reads the feed: a position, and nothing more that would grow. */
class Reader implements Subscriber {
  position: number;
  readonly #journal: Pick<Journal, 'durable' | 'log'>;
  readonly #turns: Turns;
  readonly #from: number;
  readonly #signal: AbortSignal;

  constructor({ journal, turns }: Shared, { from, since = from }: Wanted, signal: AbortSignal) {
    this.position = since - 1;
    this.#journal = journal;
    this.#turns = turns;
    this.#from = from;
    this.#signal = signal;
  }

  /** What is durable at the call. */
  async *reading(): AsyncGenerator<Batch> {
    const end = this.#journal.durable.position;
    for await (const batch of this.#logged()) {
      yield batch;
      if (batch.last >= end) return;
    }
  }

  /** From the window what it holds, from the log what it lacks, and otherwise whatever comes. */
  async *following(window: LiveWindow): AsyncGenerator<Batch | typeof idle> {
    while (!this.#signal.aborted) {
      const before = this.position;
      const live = window.after(before);
      if (live !== undefined) yield this.#pass(live.after(before));
      else if (before < Math.min(window.start, this.#journal.durable.position)) yield* this.#loggedUpTo(window);
      if (this.position === before && (await this.#more(window))) yield idle;
    }
  }

  async *#loggedUpTo(window: LiveWindow): AsyncGenerator<Batch> {
    for await (const batch of this.#logged()) {
      yield batch;
      if (this.position >= window.start) return;
    }
  }

  async *#logged(): AsyncGenerator<Batch> {
    for await (const events of inTurns(readEncoded(this.#journal.log, this.position), this.#turns)) {
      if (this.#signal.aborted) return;
      const missing = Math.max(this.#from, this.position + 1);
      if (events.first > missing) throw new PositionGone(missing, events.first);
      yield this.#pass(new Batch(events));
    }
  }

  #pass(batch: Batch): Batch {
    this.position = batch.last;
    return batch;
  }

  /** Resolves when there may be more, or with true when nothing has come for a while. */
  #more(window: LiveWindow): Promise<boolean> {
    return new Promise((resolve) => {
      if (this.#signal.aborted) return resolve(false);
      const wake = (nothing: boolean) => {
        this.#signal.removeEventListener('abort', gone);
        resolve(nothing);
      };
      const gone = () => {
        leave();
        resolve(false);
      };
      const leave = window.wait(wake);
      this.#signal.addEventListener('abort', gone, { once: true });
    });
  }
}
