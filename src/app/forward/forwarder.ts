import { setTimeout as sleep } from 'node:timers/promises';
import { auditTime } from 'rxjs';
import type { Envelope } from '../../../events/envelope.ts';
import type { EventLog, LogTrouble } from '../../ports/event-log.ts';
import { Fault, faultOf } from '../../ports/fault.ts';
import { deferred } from '../../ports/promises.ts';
import type { Journal } from '../store/journal.ts';
import { expectSameHistory } from './same-history.ts';
import { type ForwardStatus, notYet } from './status.ts';

/** Copies a log into another one, in order and each event once, for as long as it lives. */
export interface Forwarder {
  readonly status: ForwardStatus;
  /** The source is durable up to this position. */
  advance(position: number): void;
  /** Lets go of the target. What is under way counts as not done; the next forwarder finds out. */
  close(): Promise<void>;
}

export interface ForwarderOptions {
  readonly source: Pick<EventLog, 'read'>;
  /** Opens the target for writing. It is opened again after every failure: what it holds then tells where to go on. */
  readonly openTarget: () => Promise<EventLog>;
  /** Told of every change of the status. */
  readonly tell?: (status: ForwardStatus) => void;
  /** milliseconds before the first new attempt, and at most */
  readonly pauses?: { readonly first: number; readonly longest: number };
}

/** A wrong setting, another history and an event that is too large need an operator; everything else may pass. */
const needsOperator = ({ code }: Fault) => code === 'corrupt' || code === 'misuse' || code === 'too-large';

/** Begins at once with what the target holds; the first `advance` tells how far the source goes. Never throws nor rejects: the status tells. */
export function createForwarder(options: ForwarderOptions): Forwarder {
  const { source, openTarget, tell = () => {}, pauses = { first: 500, longest: 60_000 } } = options;
  const closing = new AbortController();
  let status = notYet;
  let durable = 0;
  let wake = () => {};
  let trouble: LogTrouble | undefined;

  const change = (change: Partial<ForwardStatus>) => {
    status = { ...status, ...change };
    tell(status);
  };
  const blocking = () => (trouble?.refuses === 'all' ? trouble.fault : undefined);
  const advanced = () => {
    const { promise, resolve } = deferred();
    wake = resolve;
    return promise;
  };
  const copy = async (target: EventLog, onProgress: () => void) => {
    while (!closing.signal.aborted) {
      const blocked = blocking();
      if (blocked !== undefined) throw blocked;
      const known = durable;
      const before = target.end.position;
      for await (const batch of source.read(target.end.position)) {
        const due = batch.filter(({ position }) => position <= known);
        if (due.length === 0 || closing.signal.aborted) break;
        const next = following(due, target.end.position);
        await target.append(next, { reserve: true, flush: 'now' });
        onProgress();
        change({ position: target.end.position });
        if (next.length < due.length) break;
      }
      const idle = durable === known && target.end.position === before && blocking() === undefined;
      if (idle && !closing.signal.aborted) await advanced();
    }
  };
  const session = async (onProgress: () => void) => {
    const target = await openTarget();
    trouble = undefined;
    target.onTrouble?.((found) => {
      trouble = found;
      if (status.state === 'forwarding') change(noted(found));
      wake();
    });
    try {
      if (durable === 0 && !closing.signal.aborted) await advanced();
      const blocked = blocking();
      if (blocked !== undefined) throw blocked;
      await expectSameHistory(source, target, durable);
      change({ state: 'forwarding', position: target.end.position, ...noted(trouble) });
      await copy(target, onProgress);
    } finally {
      await target.close().catch(() => {});
    }
  };
  const run = async () => {
    let pause = pauses.first;
    while (!closing.signal.aborted) {
      try {
        await session(() => {
          pause = pauses.first;
        });
      } catch (error) {
        const fault = faultOf(error, 'forwarding');
        const state = needsOperator(fault) ? 'stopped' : 'retrying';
        change({ state, failures: status.failures + 1, error: fault.message, hint: fault.hint });
        // A connection string changes only with a restart.
        if (fault.code === 'misuse') return;
        if (state === 'stopped') pause = pauses.longest;
        await sleep(pause, undefined, { signal: closing.signal }).catch(() => {});
        pause = Math.min(pause * 2, pauses.longest);
      }
    }
  };
  const running = run();
  return {
    get status() {
      return status;
    },
    advance: (position) => {
      durable = Math.max(durable, position);
      wake();
    },
    close: async () => {
      closing.abort();
      wake();
      await running;
    },
  };
}

/** Trouble that forwarding goes on through, as a status tells it; nothing where there is none. */
const noted = (trouble: LogTrouble | undefined) => ({
  error: trouble?.fault.message ?? '',
  hint: trouble?.fault.hint ?? '',
});

/**
 * The events that follow position `before` without gap. The target numbers events by itself: what a repair has left out of
 * the source can't be left out there.
 */
function following(due: readonly Envelope[], before: number): readonly Envelope[] {
  const gap = due.findIndex(({ position }, index) => position !== before + 1 + index);
  if (gap === 0)
    throw new Fault('corrupt', `positions ${before + 1} to ${(due[0]?.position ?? 0) - 1} of the log are lost`, {
      hint: 'where archives were moved away, bring them back: snapledger archive --bring-back DIR; else a repair has left them out, and a stream has no gaps: what it holds stays; to forward on, begin a new store in an empty root',
    });
  return gap === -1 ? due : due.slice(0, gap);
}

/** Each time a thread reads the log again from a place somewhat back: rare enough to cost a writer nothing, often enough for whoever looks at the lag. */
const everyMilliseconds = 100;

/** Tells how far the journal is durable: now, and from then on, many events at a time. Ends with `close`. */
export function announceDurable(
  journal: Pick<Journal, 'events' | 'place'>,
  tell: (position: number) => void,
): { close(): void } {
  tell(journal.place.position);
  const listening = journal.events.pipe(auditTime(everyMilliseconds)).subscribe(() => tell(journal.place.position));
  return { close: () => listening.unsubscribe() };
}
