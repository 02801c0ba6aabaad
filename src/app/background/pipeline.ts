import type { Subscription } from 'rxjs';
import type { Envelope } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import type { Failpoint } from '../../ports/failpoints.ts';
import { errorText } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import type { VolumeDriver } from '../../ports/volume-driver.ts';
import type { Journal } from '../store/journal.ts';
import type { Retrier } from '../store/undo.ts';
import { follow, type Source } from './follow.ts';

/** What a pipeline does when its work failed at an event. Pauses are in milliseconds and double. */
export interface ErrorPolicy {
  /** how often the same event is tried again */
  readonly retries: number;
  readonly firstPause: number;
  readonly maxPause: number;
  /** after that: the event is skipped, or the pipeline stops */
  readonly atLast: 'skip' | 'stop';
}

/** For work that the next start makes up for, or that is only a view. */
const skipping: ErrorPolicy = { retries: 5, firstPause: 100, maxPause: 10_000, atLast: 'skip' };

interface PipelineOptions {
  readonly name: string;
  /** position after which it begins; default: that of the durable state */
  readonly after?: number;
  /** default: `skipping` */
  readonly policy?: ErrorPolicy;
  /**
   * Does the work for some events, in order, one call at a time. The position moves on when the call has returned or its
   * promise resolves. When it throws or rejects, the same events come again after a pause, one by one then.
   */
  handle(events: readonly Envelope[]): void | Promise<void>;
}

/** Background work over the events of the log, each event once and in order, from a position on. */
export interface Pipeline {
  readonly name: string;
  /** of the last event whose work is done */
  readonly position: number;
  readonly state: 'running' | 'pausing' | 'stopped';
  /** the text of the last failure, until something succeeds */
  readonly lastError: string | undefined;
  /** No work begins after this; what is under way goes on to its end. */
  close(): void;
}

/** Starts pipelines over one journal. None of them can stop the store or another one. */
export interface Pipelines {
  start(options: PipelineOptions): Pipeline;
  /** those that were started and not closed */
  list(): readonly Pipeline[];
}

interface Context {
  readonly journal: Pick<Journal, 'events' | 'delivered' | 'durable' | 'log'>;
  readonly logger: Logger;
  /** called for every failure, with the pipeline's name */
  readonly onFailure?: (name: string) => void;
}

export function createPipelines(context: Context): Pipelines {
  const open = new Set<Pipeline>();
  return {
    start: (options) => {
      const pipeline = new JournalPipeline(options, context, () => open.delete(pipeline));
      open.add(pipeline);
      return pipeline;
    },
    list: () => [...open],
  };
}

/** What background work is given. */
export interface BackgroundContext {
  readonly journal: Journal;
  readonly pipelines: Pipelines;
  readonly driver: VolumeDriver;
  readonly retrier: Retrier;
  readonly logger: Logger;
  readonly failpoint: Failpoint;
}

/** A handler that does its work event by event. */
export const eachEvent =
  (act: (event: Event) => void) =>
  (envelopes: readonly Envelope[]): void => {
    for (const { event } of envelopes) act(event);
  };

/** Live events that wait while work is under way. If there are more, they are read from the log later. */
const maxWaiting = 4_096;

class JournalPipeline implements Pipeline {
  readonly name: string;
  position: number;
  state: Pipeline['state'] = 'running';
  lastError: string | undefined;
  readonly #options: PipelineOptions;
  readonly #context: Context;
  readonly #onClose: () => void;
  readonly #source: Source<readonly Envelope[]>;
  readonly #listening: Subscription;
  #waiting: Envelope[] = [];
  /** work is under way, or a pause after a failure */
  #busy = false;
  /** how often in a row the work after the position has failed */
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PipelineOptions, context: Context, onClose: () => void) {
    const { journal } = context;
    this.name = options.name;
    this.position = options.after ?? journal.durable.position;
    this.#options = options;
    this.#context = context;
    this.#onClose = onClose;
    this.#source = {
      recent: () => (this.#isNextWaiting() ? this.#waiting.splice(0) : undefined),
      isOnlyInLog: (after) => after < journal.delivered && !this.#isNextWaiting(),
      read: (after) => journal.log.read(after),
    };
    this.#listening = journal.events.subscribe((envelope) => this.#take(envelope));
    if (this.position < journal.delivered) this.#run(this.#catchUp());
  }

  close(): void {
    this.#end();
    this.#onClose();
  }

  #end(): void {
    this.#listening.unsubscribe();
    clearTimeout(this.#timer);
  }

  /** The usual case costs one call: the event is the next one, and its work is done when that returns. */
  #take(envelope: Envelope): void {
    if (this.#busy || envelope.position !== this.position + 1) {
      this.#enqueue(envelope);
      return;
    }
    try {
      const working = this.#options.handle([envelope]);
      if (working === undefined) this.#pass(envelope.position);
      else this.#run(this.#finish(working, envelope.position));
    } catch (error) {
      this.#fail(error);
    }
  }

  #enqueue(envelope: Envelope): void {
    if (envelope.position <= this.position) return;
    if (this.#waiting.length >= maxWaiting) this.#waiting = [];
    this.#waiting.push(envelope);
    if (!this.#busy) this.#run(this.#catchUp());
  }

  #run(work: Promise<void>): void {
    this.#busy = true;
    work.then(
      () => {
        this.#busy = false;
        if (this.#isNextWaiting() && !this.#listening.closed) this.#run(this.#catchUp());
      },
      (error: unknown) => this.#fail(error),
    );
  }

  async #finish(working: Promise<void>, position: number): Promise<void> {
    await working;
    this.#pass(position);
    await this.#catchUp();
  }

  async #catchUp(): Promise<void> {
    if (this.#listening.closed) return;
    for await (const batch of follow(this, this.#source)) {
      await this.#work(batch);
      if (this.#listening.closed) return;
    }
  }

  async #work(events: readonly Envelope[]): Promise<void> {
    let due = events.filter(({ position }) => position > this.position);
    while (due.length > 0 && !this.#listening.closed) {
      const piece = this.#failures > 0 ? due.slice(0, 1) : due;
      await this.#options.handle(piece);
      this.#pass(piece.at(-1)?.position ?? this.position);
      due = due.slice(piece.length);
    }
  }

  #isNextWaiting(): boolean {
    const [next] = this.#waiting;
    return next !== undefined && next.position <= this.position + 1;
  }

  /** The work up to a position is done, or skipped. */
  #pass(position: number): void {
    this.position = position;
    this.#failures = 0;
    this.lastError = undefined;
  }

  /** Tries again after a pause, skips the event, or stops, as the policy says. */
  #fail(error: unknown): void {
    if (this.#listening.closed) return;
    const { name, policy = skipping } = this.#options;
    const { logger, onFailure } = this.#context;
    const position = this.position + 1;
    const text = errorText(error);
    this.#failures += 1;
    this.lastError = text;
    onFailure?.(name);
    const about = { pipeline: name, position, failures: this.#failures, error: text };
    if (this.#failures <= policy.retries) {
      logger.error(about, 'pipeline failed: it will try again');
      this.#resumeAfter(Math.min(policy.maxPause, policy.firstPause * 2 ** (this.#failures - 1)));
    } else if (policy.atLast === 'skip') {
      logger.error(about, 'pipeline failed: it goes on without this event');
      this.#pass(position);
      this.#resumeAfter(0);
    } else {
      this.state = 'stopped';
      this.#end();
      logger.error({ pipeline: name, position, error: text }, 'pipeline stopped');
    }
  }

  #resumeAfter(milliseconds: number): void {
    this.#busy = true;
    this.state = 'pausing';
    this.#timer = setTimeout(() => {
      this.state = 'running';
      this.#run(this.#catchUp());
    }, milliseconds);
  }
}
