import type { Envelope } from '../../../events/envelope.ts';
import type { Pipeline, Pipelines } from '../background/pipeline.ts';
import { Batch, encodeEvents } from './batch.ts';

interface TailBufferOptions {
  /** position after which it begins */
  readonly after: number;
  readonly pipelines: Pipelines;
  /** milliseconds without an event after which waiting readers are woken all the same */
  readonly heartbeat: number;
}

const maxBytes = 4 * 1024 * 1024;
/** events that are kept unencoded */
const maxPending = 2_048;
const share = 60;
/** milliseconds between two deliveries */
const [minPause, maxPause] = [1, 250];

/**
 * The newest durable events, encoded once for all readers and bounded: a fast reader reads from here, a slow one from the log.
 * Delivery takes at most a sixtieth of the event loop's time, however many readers there are: after each delivery the next one
 * waits sixty times as long as that took.
 */
export class TailBuffer {
  #start: number;
  readonly #batches: Batch[] = [];
  #bytes = 0;
  #pending: Envelope[] = [];
  #pause = minPause;
  #timer: NodeJS.Timeout | undefined;
  #waiting = new Set<(idle: boolean) => void>();
  readonly #heartbeat: NodeJS.Timeout;
  readonly #pipeline: Pipeline;

  constructor({ after, pipelines, heartbeat }: TailBufferOptions) {
    this.#start = after;
    this.#heartbeat = setTimeout(() => this.#wake(true), heartbeat).unref();
    this.#pipeline = pipelines.start({ name: 'tail', after, handle: (envelopes) => this.#take(envelopes) });
  }

  /** The position after which this holds, or will hold, every event. Grows. */
  get start(): number {
    return this.#start;
  }

  /** The events right after a position, if they are here. */
  after(position: number): Batch | undefined {
    return this.#batches.find(({ first, last }) => first <= position + 1 && position < last)?.after(position);
  }

  /** Calls back once, when there is more or when a heartbeat is due. Returns what cancels that. */
  wait(wake: (idle: boolean) => void): () => void {
    this.#waiting.add(wake);
    return () => this.#waiting.delete(wake);
  }

  close(): void {
    this.#pipeline.close();
    clearTimeout(this.#timer);
    this.#wake(true);
    clearTimeout(this.#heartbeat);
  }

  #take(envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) this.#pending.push(envelope);
    if (this.#pending.length >= maxPending) this.#encode();
    this.#timer ??= setTimeout(() => this.#deliver(), this.#pause);
  }

  #encode(): void {
    for (const events of encodeEvents(this.#pending)) {
      this.#batches.push(new Batch(events));
      this.#bytes += events.lines.length;
    }
    this.#pending = [];
    while (this.#bytes > maxBytes) {
      const oldest = this.#batches.shift();
      this.#bytes -= oldest?.lines.length ?? this.#bytes;
      this.#start = oldest?.last ?? this.#start;
    }
  }

  #deliver(): void {
    this.#timer = undefined;
    let began = 0;
    // Both in one iteration of the event loop, with all that the readers do in between: the second measures what the first has cost.
    setImmediate(() => {
      began = performance.now();
      this.#encode();
      this.#wake(false);
    });
    setImmediate(() => {
      this.#pause = Math.min(maxPause, Math.max(minPause, share * (performance.now() - began)));
    });
  }

  #wake(idle: boolean): void {
    const woken = this.#waiting;
    this.#waiting = new Set();
    for (const wake of woken) wake(idle);
    this.#heartbeat.refresh();
  }
}
