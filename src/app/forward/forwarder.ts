import { setTimeout as sleep } from 'node:timers/promises';
import { auditTime } from 'rxjs';
import type { Envelope } from '../../../events/envelope.ts';
import type { EventLog, LogTrouble } from '../../ports/event-log.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import { deferred } from '../../ports/promises.ts';
import type { Journal } from '../store/journal.ts';
import { expectSameHistory } from './same-history.ts';
import { type ForwardStatus, notYet } from './status.ts';

interface ForwarderOptions {
  readonly source: Pick<EventLog, 'read'>;
  /** Opens the target for writing, again after every failure: what it holds then shows where to go on. */
  readonly openTarget: () => Promise<EventLog>;
  /** what is sent of an event; default: all of it */
  readonly outgoing?: (envelope: Envelope) => Envelope;
  /** called with every change of the status */
  readonly onStatus?: (status: ForwardStatus) => void;
  /** milliseconds before the first new attempt, and at most */
  readonly pauses?: { readonly first: number; readonly max: number };
}

/** A wrong setting, another history and an event that is too large need an operator; everything else may pass. */
const needsOperator = ({ code }: Fault) => code === 'corrupt' || code === 'misuse' || code === 'too-large';

/**
 * Copies a log into another one, in order and each event once, until it is closed. Begins at once with what the target holds;
 * the first `advance` says how far the source goes. Failures are in the status.
 */
export class Forwarder {
  #status = notYet;
  readonly #options: Required<ForwarderOptions>;
  readonly #closing = new AbortController();
  #durable = 0;
  #wake = () => {};
  #trouble: LogTrouble | undefined;
  readonly #running: Promise<void>;

  constructor(options: ForwarderOptions) {
    this.#options = {
      outgoing: (envelope) => envelope,
      onStatus: () => {},
      pauses: { first: 500, max: 60_000 },
      ...options,
    };
    this.#running = this.#run();
  }

  /** The source is durable up to this position. */
  advance(position: number): void {
    this.#durable = Math.max(this.#durable, position);
    this.#wake();
  }

  /** Closes the target. What is under way counts as not done; the next forwarder finds out. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    await this.#running;
  }

  get status(): ForwardStatus {
    return this.#status;
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted;
  }

  #change(change: Partial<ForwardStatus>): void {
    this.#status = { ...this.#status, ...change };
    this.#options.onStatus(this.#status);
  }

  async #run(): Promise<void> {
    const { pauses } = this.#options;
    let pause = pauses.first;
    const onProgress = () => {
      pause = pauses.first;
    };
    while (!this.#closed) {
      try {
        await this.#session(onProgress);
      } catch (error) {
        const fault = faultOf(error, 'forwarding');
        const state = needsOperator(fault) ? 'stopped' : 'retrying';
        this.#change({ state, failures: this.#status.failures + 1, error: fault.message, hint: fault.hint });
        // A connection string changes only with a restart.
        if (fault.code === 'misuse') return;
        if (state === 'stopped') pause = pauses.max;
        await sleep(pause, undefined, { signal: this.#closing.signal }).catch(() => {});
        pause = Math.min(pause * 2, pauses.max);
      }
    }
  }

  /** From the opening of the target to a failure or the end. */
  async #session(onProgress: () => void): Promise<void> {
    const { source, openTarget } = this.#options;
    const target = await openTarget();
    this.#trouble = undefined;
    target.onTrouble?.((trouble) => {
      this.#trouble = trouble;
      if (this.#status.state === 'forwarding') this.#change(noted(trouble));
      this.#wake();
    });
    try {
      if (this.#durable === 0) await this.#woken();
      this.#expectAccepting();
      await expectSameHistory(source, target, this.#durable);
      this.#change({ state: 'forwarding', position: target.end.position, ...noted(this.#trouble) });
      await this.#copy(target, onProgress);
    } finally {
      await target.close().catch(() => {});
    }
  }

  async #copy(target: EventLog, onProgress: () => void): Promise<void> {
    while (!this.#closed) {
      this.#expectAccepting();
      const known = this.#durable;
      const before = target.end.position;
      for await (const batch of this.#options.source.read(before)) {
        const due = batch.filter(({ position }) => position <= known);
        if (due.length === 0 || this.#closed) break;
        const next = withoutGap(due, target.end.position);
        await target.append(next.map(this.#options.outgoing), { reserve: true, flush: 'now' });
        onProgress();
        this.#change({ position: target.end.position });
        if (next.length < due.length) break;
      }
      const idle = this.#durable === known && target.end.position === before && this.#trouble?.refuses !== 'all';
      if (idle) await this.#woken();
    }
  }

  #expectAccepting(): void {
    if (this.#trouble?.refuses === 'all') throw this.#trouble.fault;
  }

  /** Resolves when there may be something to do. */
  async #woken(): Promise<void> {
    if (this.#closed) return;
    const { promise, resolve } = deferred();
    this.#wake = resolve;
    await promise;
  }
}

/** Trouble that does not stop the forwarding, for its status. */
const noted = (trouble: LogTrouble | undefined) => ({
  error: trouble?.fault.message ?? '',
  hint: trouble?.fault.hint ?? '',
});

/**
 * The events that follow position `before` without a gap. The target numbers events itself: positions that a repair left
 * out of the source can't be left out there.
 */
function withoutGap(due: readonly Envelope[], before: number): readonly Envelope[] {
  const gap = due.findIndex(({ position }, index) => position !== before + 1 + index);
  if (gap === 0)
    throw new Fault('corrupt', `positions ${before + 1} to ${(due[0]?.position ?? 0) - 1} of the log are lost`, {
      hint: 'if archives were moved away, bring them back: snapledger archive --bring-back DIR; else a repair left them out, and a stream can have no gaps: it keeps what it holds; to continue forwarding, start a new store in an empty root',
    });
  return gap === -1 ? due : due.slice(0, gap);
}

/** Milliseconds between two announcements: for each a thread reads the log again from a little further back. */
const announceEvery = 100;

/** Reports how far the journal is durable: now, and from then on, many events at a time, until `close`. */
export function announceDurable(
  journal: Pick<Journal, 'events' | 'logPosition'>,
  report: (position: number) => void,
): { close(): void } {
  report(journal.logPosition.position);
  const listening = journal.events.pipe(auditTime(announceEvery)).subscribe(() => report(journal.logPosition.position));
  return { close: () => listening.unsubscribe() };
}
