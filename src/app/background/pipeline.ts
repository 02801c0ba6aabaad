import type { Envelope } from '../../../events/envelope.ts';

/** What becomes of a pipeline whose work failed at an event. Pauses are in milliseconds and double. */
export interface ErrorPolicy {
  /** how often the same event is tried again */
  readonly retries: number;
  readonly firstPause: number;
  readonly longestPause: number;
  /** after that: the event is passed over, or the pipeline stops */
  readonly atLast: 'skip' | 'stop';
}

/** For work that the next start makes up for, or that is only a view: it goes on without what it can't digest. */
export const skipping: ErrorPolicy = { retries: 5, firstPause: 100, longestPause: 10_000, atLast: 'skip' };

export interface PipelineOptions {
  readonly name: string;
  /** position after which it begins; that of the durable state unless said */
  readonly after?: number;
  /** `skipping` unless said */
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
  /** the text of what failed last, until something succeeds */
  readonly lastError: string | undefined;
  /** No work begins after this; what is under way goes on to its end. */
  close(): void;
}

/** Starts pipelines over one journal. None of them can stop the store or another one, whatever it does. */
export interface Pipelines {
  start(options: PipelineOptions): Pipeline;
  /** those that were started and not closed */
  list(): readonly Pipeline[];
}
