import { hash } from 'node:crypto';
import { Subject } from 'rxjs';
import { type Envelope, encodeEnvelope, type Meta } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import { createLatest, type Latest } from '../../../projections/latest/latest.ts';
import { evolve, type MutableState, type State } from '../../../projections/state.ts';
import type { AppendOptions, EventLog, LogPosition } from '../../ports/event-log.ts';
import { errorText, Fault, isTransient } from '../../ports/fault.ts';
import { expectRoot, type RootGuard } from '../../ports/root-guard.ts';
import type { Clock, Uptime } from '../../ports/system.ts';
import { afterAnswers } from '../answers.ts';
import { createLogHealth, type LogHealth } from './log-health.ts';

export interface RecordOptions extends Partial<AppendOptions> {
  readonly actor: Meta;
  /** position of the event that led to these */
  readonly cause?: number;
}

/**
 * The log with the two states that follow from it. `latest` includes the events in flight, and decisions are made on it;
 * `durable` is what is on stable storage, and reads show it. After a rollback `latest` is `durable` again, but snapshot ids
 * used since then are never used again. `durable` is the result of a replay of the log, and the content of a checkpoint. Both
 * are folded in place: see State.
 */
export interface Journal extends Omit<LogHealth, 'stop'> {
  readonly latest: State;
  readonly durable: State;
  /** up to which events are in `durable` */
  readonly logPosition: LogPosition;
  /** Counts how often the log has rolled events back. */
  readonly rollbacks: number;
  /** What is durable, to be read again: everything that `events` emitted, and perhaps a little more. */
  readonly log: Pick<EventLog, 'read' | 'readEncoded'>;
  /**
   * Durable events in order, each once, after the calls that recorded them were answered. An observer must not throw: background
   * work subscribes through a pipeline.
   */
  readonly events: Subject<Envelope>;
  /** position up to which `events` has emitted; `durable` may be ahead */
  readonly delivered: number;
  /** Emits the durable events that `events` has not emitted yet, for callers that wait for background work. */
  deliver(): void;
  /**
   * Appends events and resolves with their envelopes when they are on stable storage. Never throws. If the log accepts them,
   * `latest` contains them when the call returns; it is unchanged if they are refused. Rejects if they were refused or rolled
   * back. After a StoreClosed nothing is recorded: an orderly end is the last event of a session.
   */
  record(events: readonly Event[], options: RecordOptions): Promise<readonly Envelope[]>;
  /** Records events without a waiting client, with one of the next flushes. `onLost` gets the error if they were not recorded. */
  recordSoon(events: readonly Event[], options: RecordOptions, onLost: (error: unknown) => void): void;
  /** Resolves when no append is in flight any more, whether it became durable or not. */
  settled(): Promise<void>;
}

interface Context {
  readonly log: EventLog;
  readonly store: string;
  readonly clock: Clock;
  /** the state at the log's end; the journal owns it from now on */
  readonly state: MutableState;
  /** checked before every event; default: none */
  readonly root?: RootGuard;
  /** limit in bytes for the JSON of an event without `reserve`; default: only the log's own limit */
  readonly maxEventBytes?: number;
}

export function createJournal({ log, store, clock, state: durable, root, maxEventBytes }: Context): Journal {
  const states = new States(durable, log.end);
  const { latest } = states;
  let closed = false;
  const logHealth = createLogHealth(log, root);
  const delivery = new Delivery(durable.position);

  const record: Journal['record'] = async (facts, { actor, cause, reserve = false, flush = 'now' }) => {
    if (closed) throw hasClosed();
    expectRoot(root);
    const { position } = log.end;
    if (latest.position !== position) throw rolledBack();
    const because = cause === undefined ? {} : { cause };
    const envelopes = stampEvents(facts, { store, after: position, clock, actor, ...because });
    if (maxEventBytes !== undefined && !reserve) expectFits(envelopes, maxEventBytes);
    const appended = log.append(envelopes, { reserve, flush });
    if (log.end.position === position) {
      await appended;
      return envelopes;
    }
    states.fold(envelopes);
    closed = facts.at(-1)?.type === 'StoreClosed';
    const [at, since] = [log.end, states.rollbacks];
    try {
      await appended;
    } catch (error) {
      states.rollBack(since);
      if (!isTransient(error)) logHealth.stop(errorText(error));
      throw error;
    }
    states.advance(envelopes, at);
    delivery.add(envelopes);
    return envelopes;
  };
  return {
    latest,
    durable,
    get logPosition() {
      return states.logPosition;
    },
    get rollbacks() {
      return states.rollbacks;
    },
    get health() {
      return logHealth.health;
    },
    get halted() {
      return logHealth.halted;
    },
    ...(logHealth.troubles && { troubles: logHealth.troubles }),
    stopped: logHealth.stopped,
    log,
    events: delivery.events,
    get delivered() {
      return delivery.position;
    },
    deliver: () => delivery.now(),
    record,
    recordSoon: (facts, options, onLost) => void record(facts, { ...options, flush: 'soon' }).catch(onLost),
    settled: () => log.settled().catch(() => {}),
  };
}

/** Emits durable events when the answers that waited for them are sent. */
class Delivery {
  readonly events = new Subject<Envelope>();
  position: number;
  #due: Envelope[] = [];

  constructor(position: number) {
    this.position = position;
  }

  add(envelopes: readonly Envelope[]): void {
    if (this.#due.length === 0) afterAnswers(() => this.now());
    this.#due.push(...envelopes);
  }

  now(): void {
    const due = this.#due;
    this.#due = [];
    for (const envelope of due) {
      this.position = envelope.position;
      this.events.next(envelope);
    }
  }
}

/** The two states of a journal, with what their order rests on. */
class States {
  readonly latest: State;
  logPosition: LogPosition;
  rollbacks = 0;
  readonly #durable: MutableState;
  readonly #latest: Latest;

  constructor(durable: MutableState, end: LogPosition) {
    this.#durable = durable;
    this.#latest = createLatest(durable);
    this.latest = this.#latest.state;
    this.logPosition = end;
  }

  /** Events are in flight. */
  fold(envelopes: readonly Envelope[]): void {
    for (const envelope of envelopes) this.#latest.fold(envelope);
  }

  /** The events up to a position of the log are durable. */
  advance(envelopes: readonly Envelope[], to: LogPosition): void {
    for (const envelope of envelopes) evolve(this.#durable, envelope);
    this.logPosition = to;
    this.#latest.prune();
  }

  /** Events in flight were rolled back: once for all that were accepted after the same number of rollbacks. */
  rollBack(since: number): void {
    if (since !== this.rollbacks) return;
    this.rollbacks += 1;
    this.#latest.rollBack();
  }
}

/**
 * The id of the event at a position of a store's log: derived, so that a retry is recognisable. A UUID of version 5: the first bytes of
 * SHA-1 over store id and position, with version and variant in their places. Source: RFC 9562, 5.5
 */
export function eventId(store: string, position: number): string {
  const name = Buffer.concat([Buffer.from(store.replaceAll('-', ''), 'hex'), Buffer.from(String(position))]);
  const digits = hash('sha1', name);
  const variant = ((Number.parseInt(digits.charAt(16), 16) & 0b0011) | 0b1000).toString(16);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-5${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}

/** Adds the machine's uptime to an actor: for events between which elapsed time is measured. */
export const withUptime = (actor: Meta, uptime: Uptime): Meta => ({ ...actor, uptime: String(uptime()) });

/** Puts facts into envelopes: positions after `after`, one time, one actor; `cause` is the position that led to them. */
export function stampEvents(
  events: readonly Event[],
  { store, after, clock, actor, cause }: { store: string; after: number; clock: Clock; actor: Meta; cause?: number },
): readonly Envelope[] {
  const time = clock();
  const first = eventId(store, after + 1);
  const because = cause === undefined ? undefined : eventId(store, cause);
  const meta: Meta = {
    ...actor,
    correlation: because ?? first,
    ...(because === undefined ? {} : { causation: because }),
  };
  return events.map((event, index) => {
    const position = after + 1 + index;
    return { position, id: index === 0 ? first : eventId(store, position), time, meta, event };
  });
}

/** Throws a Fault (`too-large`) for the first event of more than `maxEventBytes` bytes. */
function expectFits(envelopes: readonly Envelope[], maxEventBytes: number): void {
  for (const envelope of envelopes) {
    const bytes = Buffer.byteLength(JSON.stringify(encodeEnvelope(envelope)));
    if (bytes > maxEventBytes)
      throw new Fault(
        'too-large',
        `the ${envelope.event.type} event would have ${bytes} bytes, and the cluster that events are forwarded to takes ${maxEventBytes}`,
        { hint: 'give the snapshot fewer or shorter labels' },
      );
  }
}

const rolledBack = () => new Fault('stopped', 'the log has just rolled back an append', { hint: 'retry' });

const hasClosed = () => new Fault('stopped', 'the store was closed in order', { hint: 'open it again' });
