import { Observable, type Subscriber } from 'rxjs';
import type { Envelope } from '../../../events/envelope.ts';
import type { Journal } from '../store/journal.ts';
import type { PipelineOptions } from './pipeline.ts';
import type { Progress } from './pipeline-progress.ts';

export interface RunContext {
  readonly source: Pick<Journal, 'events' | 'durable' | 'log'>;
  readonly progress: Progress;
  readonly handle: PipelineOptions['handle'];
}

/** Live events that wait while work is under way; where there are more, they are read from the log when their turn comes. */
const mostWaiting = 4_096;

/**
 * Hands every event after the progress to `handle`, in order and once: first what the log holds, then live ones. An
 * event is taken only where it is the next one, so nothing is missing or doubled where the two meet. Errors with what
 * `handle` throws or rejects with; the progress is then that of the last event whose work is done.
 */
export function runFrom(context: RunContext): Observable<never> {
  return new Observable((observer) => {
    const run = new Run(context, observer);
    const listening = context.source.events.subscribe((envelope) => run.take(envelope));
    run.begin();
    return listening;
  });
}

class Run {
  readonly #context: RunContext;
  readonly #observer: Subscriber<never>;
  #waiting: Envelope[] = [];
  #busy = false;

  constructor(context: RunContext, observer: Subscriber<never>) {
    this.#context = context;
    this.#observer = observer;
  }

  begin(): void {
    const { source, progress } = this.#context;
    if (progress.position < source.durable.position) this.#drainAll();
  }

  /** The usual case costs one call: the event is the next one, and its work is done when that returns. */
  take(envelope: Envelope): void {
    const { progress, handle } = this.#context;
    if (this.#busy || envelope.position !== progress.position + 1) {
      this.#await(envelope);
      return;
    }
    try {
      const working = handle([envelope]);
      if (working === undefined) progress.pass(envelope.position);
      else this.#follow(working.then(() => this.#goOnAfter(envelope.position)));
    } catch (error) {
      this.#observer.error(error);
    }
  }

  #await(envelope: Envelope): void {
    if (!this.#isDue(envelope)) return;
    if (this.#waiting.length >= mostWaiting) this.#waiting = [];
    this.#waiting.push(envelope);
    if (!this.#busy) this.#drainAll();
  }

  #goOnAfter(position: number): Promise<void> {
    this.#context.progress.pass(position);
    return this.#drain();
  }

  #drainAll(): void {
    this.#follow(this.#drain());
  }

  #follow(working: Promise<void>): void {
    this.#busy = true;
    working.then(
      () => {
        this.#busy = false;
        if (this.#nextIsWaiting() && !this.#observer.closed) this.#drainAll();
      },
      (error: unknown) => this.#observer.error(error),
    );
  }

  /** Until nothing is due that is known of. */
  async #drain(): Promise<void> {
    const { progress, source } = this.#context;
    for (let before = -1; before < progress.position && !this.#observer.closed; ) {
      before = progress.position;
      if (this.#nextIsWaiting()) await this.#work(this.#waiting.splice(0));
      else if (progress.position < source.durable.position) await this.#catchUp();
    }
  }

  async #catchUp(): Promise<void> {
    const { source, progress } = this.#context;
    for await (const batch of source.log.read(progress.position)) {
      await this.#work(batch);
      if (this.#observer.closed || this.#nextIsWaiting()) return;
    }
  }

  async #work(events: readonly Envelope[]): Promise<void> {
    const { handle, progress } = this.#context;
    for (
      let due = events.filter(this.#isDue);
      due.length > 0 && !this.#observer.closed;
      due = due.filter(this.#isDue)
    ) {
      const piece = progress.failures > 0 ? due.slice(0, 1) : due;
      await handle(piece);
      progress.pass(piece.at(-1)?.position ?? progress.position);
    }
  }

  readonly #isDue = ({ position }: Envelope) => position > this.#context.progress.position;

  #nextIsWaiting(): boolean {
    const [next] = this.#waiting;
    return next !== undefined && next.position <= this.#context.progress.position + 1;
  }
}
