import { BehaviorSubject, type Observable, Subject } from 'rxjs';
import { v5 } from 'uuid';
import { type Envelope, encodeEnvelope, type Meta } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import { createLatest } from '../../../projections/latest.ts';
import { evolve, type MutableState, type State } from '../../../projections/state.ts';
import type { AppendOptions, EventLog, LogPosition, LogTrouble } from '../../ports/event-log.ts';
import { errorText, Fault, isTransient } from '../../ports/fault.ts';
import { deferred } from '../../ports/promises.ts';
import { expectRoot, type RootGuard } from '../../ports/root-guard.ts';
import type { Clock, Uptime } from '../../ports/system.ts';

export interface RecordOptions extends Partial<AppendOptions> {
  readonly actor: Meta;
  /** position of the event that led to these */
  readonly cause?: number;
}

/**
 * The log with the two states that follow from it. `latest` includes the events in flight, and decisions are made on it;
 * `durable` is what is on stable storage, and reads show it. After a rollback `latest` is `durable` again, but snapshot ids
 * used since then are never used again. `durable` is what a replay of the log results in, and what a checkpoint holds. Both
 * are folded in place: see State.
 */
export interface Journal {
  readonly latest: State;
  readonly durable: State;
  /** the place of `durable` in the log */
  readonly place: LogPosition;
  /** Counts how often the log has rolled events back. */
  readonly rollbacks: number;
  /** Whether events are taken and kept, and if not, why. */
  readonly health: Health;
  /**
   * What keeps the log from its work for now, undefined for nothing: tells the present state at once, then every change. Left
   * out where the log knows no such state.
   */
  readonly troubles?: Observable<LogTrouble | undefined>;
  /** Why nothing can be changed until a restart, or until the root is back; undefined while it can. */
  readonly halted: Fault | undefined;
  /** Resolves with the reason when the log has stopped taking events until a restart. */
  readonly stopped: Promise<string>;
  /** What is durable, to be read again: everything that `events` told of, and perhaps a little more. */
  readonly log: Pick<EventLog, 'read' | 'readEncoded'>;
  /** Durable events in order, each once. An observer must not throw: background work subscribes through a pipeline. */
  readonly events: Subject<Envelope>;
  /**
   * Appends events and resolves with their envelopes when they are on stable storage. Never throws. If the log accepts them,
   * `latest` contains them when the call returns; it is unchanged if they are refused. Rejects if they were refused or rolled
   * back. After a StoreClosed nothing is recorded: an orderly end is the last event of a session.
   */
  record(events: readonly Event[], options: RecordOptions): Promise<readonly Envelope[]>;
  /** Records events that no client waits for, with one of the next flushes. `onLost` gets the error if they were not recorded. */
  recordSoon(events: readonly Event[], options: RecordOptions, onLost: (error: unknown) => void): void;
  /** Resolves when nothing is under way any more, whether it became durable or not. */
  settled(): Promise<void>;
}

interface Context {
  readonly log: EventLog;
  readonly store: string;
  readonly clock: Clock;
  /** the state at the log's end; the journal owns it from now on */
  readonly state: MutableState;
  /** asked before every event; none unless said */
  readonly root?: RootGuard;
  /** bytes of the JSON of an event without `reserve`; a log refuses by itself what it can't hold */
  readonly largest?: number;
}

/** Whether events are taken; else `fault` is what recording throws while the root is not the one that was opened. */
export interface Health {
  readonly serving: boolean;
  readonly reason: string;
  readonly fault?: Fault;
}

export function createJournal({ log, store, clock, state: durable, root, largest }: Context): Journal {
  const latest = createLatest(durable);
  let place = log.end;
  let rollbacks = 0;
  let reason = '';
  let closed = false;
  const { promise: stopped, resolve: resolveStopped } = deferred<string>();
  const events = new Subject<Envelope>();
  const troubles = new BehaviorSubject<LogTrouble | undefined>(undefined);
  log.onTrouble?.((trouble) => {
    if (trouble?.fault.message !== troubles.value?.fault.message) troubles.next(trouble);
  });

  const advance = (envelopes: readonly Envelope[], at: LogPosition) => {
    for (const envelope of envelopes) evolve(durable, envelope);
    place = at;
    latest.settle();
    for (const envelope of envelopes) events.next(envelope);
  };
  const rollBack = (since: number) => {
    if (since !== rollbacks) return;
    rollbacks += 1;
    latest.rollBack();
  };
  const stop = (why: string) => {
    if (reason === '') reason = why;
    resolveStopped(why);
  };
  const record: Journal['record'] = async (facts, { actor, cause, reserve = false, flush = 'now' }) => {
    if (closed) throw hasClosed();
    expectRoot(root);
    const { position } = log.end;
    if (latest.state.position !== position) throw rolledBack();
    const because = cause === undefined ? {} : { cause };
    const envelopes = stampEvents(facts, { store, after: position, clock, actor, ...because });
    if (largest !== undefined && !reserve) expectSmall(envelopes, largest);
    const appended = log.append(envelopes, { reserve, flush });
    if (log.end.position === position) {
      await appended;
      return envelopes;
    }
    for (const envelope of envelopes) latest.fold(envelope);
    closed = facts.at(-1)?.type === 'StoreClosed';
    const [at, since] = [log.end, rollbacks];
    try {
      await appended;
    } catch (error) {
      rollBack(since);
      if (!isTransient(error)) stop(errorText(error));
      throw error;
    }
    advance(envelopes, at);
    return envelopes;
  };
  return {
    latest: latest.state,
    durable,
    get place() {
      return place;
    },
    get rollbacks() {
      return rollbacks;
    },
    get health() {
      if (reason !== '') return { serving: false, reason };
      const absent = root?.check();
      if (absent !== undefined) return { serving: false, reason: absent.message, fault: absent };
      const fault = troubles.value?.fault;
      return fault === undefined
        ? { serving: true, reason }
        : { serving: false, reason: `${fault.message} (${fault.hint})`, fault };
    },
    get halted() {
      return reason === '' ? root?.check() : hasStopped(reason);
    },
    ...(log.onTrouble && { troubles }),
    stopped,
    log,
    events,
    record,
    recordSoon: (facts, options, onLost) => void record(facts, { ...options, flush: 'soon' }).catch(onLost),
    settled: () => log.settled().catch(() => {}),
  };
}

/** The id of the event at a position of a store's log: derived, so that a retry is recognisable. */
export function eventId(store: string, position: number): string {
  return v5(String(position), store);
}

/** Who acts, with the machine's uptime: for events from which it is counted how much time has passed. */
export const withUptime = (actor: Meta, uptime: Uptime): Meta => ({ ...actor, uptime: String(uptime()) });

/** Puts facts into envelopes: positions after `after`, one time, one actor; `cause` is the position that led to them. */
export function stampEvents(
  events: readonly Event[],
  { store, after, clock, actor, cause }: { store: string; after: number; clock: Clock; actor: Meta; cause?: number },
): readonly Envelope[] {
  const time = clock();
  const because = cause === undefined ? undefined : eventId(store, cause);
  const began = because ?? eventId(store, after + 1);
  const meta: Meta = {
    ...actor,
    correlation: began,
    ...(because === undefined ? {} : { causation: because }),
  };
  return events.map((event, index) => {
    const position = after + 1 + index;
    return { position, id: eventId(store, position), time, meta, event };
  });
}

/** Throws a Fault (`too-large`) for the first event that is larger than `largest` bytes. */
function expectSmall(envelopes: readonly Envelope[], largest: number): void {
  for (const envelope of envelopes) {
    const bytes = Buffer.byteLength(JSON.stringify(encodeEnvelope(envelope)));
    if (bytes > largest)
      throw new Fault(
        'too-large',
        `the ${envelope.event.type} event would have ${bytes} bytes, and the cluster that events are forwarded to takes ${largest}`,
        { hint: 'give the snapshot fewer or shorter labels' },
      );
  }
}

const rolledBack = () => new Fault('stopped', 'the log has just rolled back an append', { hint: 'retry' });

const hasClosed = () => new Fault('stopped', 'the store was closed in order', { hint: 'open it again' });

const hasStopped = (reason: string) =>
  new Fault('stopped', `the log takes no more events: ${reason}`, { hint: 'restart the daemon' });

/**
 * Throws the Fault of a root that is another one, or (`stopped`) of a log that takes nothing until a restart. Nobody knows then whether the last events are in
 * it, and what stands on the disk for them is the next start's to judge: it must not be touched any more.
 */
export function expectServing({ halted }: Pick<Journal, 'halted'>): void {
  if (halted !== undefined) throw halted;
}
