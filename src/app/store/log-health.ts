import { BehaviorSubject, type Observable } from 'rxjs';
import type { EventLog, LogTrouble } from '../../ports/event-log.ts';
import { Fault } from '../../ports/fault.ts';
import { deferred } from '../../ports/promises.ts';
import type { RootGuard } from '../../ports/root-guard.ts';

/** Whether events are accepted; `fault` if recording works again once its cause is gone. */
export interface Health {
  readonly serving: boolean;
  readonly reason: string;
  readonly fault?: Fault;
}

/** Whether a log accepts events: until it stops, while it has no trouble, and while the root is the one that was opened. */
export interface LogHealth {
  readonly health: Health;
  /**
   * What keeps the log from its work for now, undefined if nothing does: emits the present state at once, then every change.
   * Absent if the log knows no such state.
   */
  readonly troubles?: Observable<LogTrouble | undefined>;
  /** Why nothing can be changed until a restart, or until the root is back; undefined while it can. */
  readonly halted: Fault | undefined;
  /** Resolves with the reason when the log has stopped accepting events until a restart. */
  readonly stopped: Promise<string>;
  /** The log accepts no more events. The first reason counts. */
  stop(reason: string): void;
}

export function createLogHealth(log: Pick<EventLog, 'onTrouble'>, root?: RootGuard): LogHealth {
  let stopReason = '';
  const { promise: stopped, resolve: resolveStopped } = deferred<string>();
  const troubles = new BehaviorSubject<LogTrouble | undefined>(undefined);
  log.onTrouble?.((trouble) => {
    if (trouble?.fault.message !== troubles.value?.fault.message) troubles.next(trouble);
  });
  return {
    get health() {
      if (stopReason !== '') return { serving: false, reason: stopReason };
      const absent = root?.check();
      if (absent !== undefined) return { serving: false, reason: absent.message, fault: absent };
      const fault = troubles.value?.fault;
      return fault === undefined
        ? { serving: true, reason: '' }
        : { serving: false, reason: `${fault.message} (${fault.hint})`, fault };
    },
    get halted() {
      return stopReason === '' ? root?.check() : hasStopped(stopReason);
    },
    ...(log.onTrouble && { troubles }),
    stopped,
    stop: (reason) => {
      if (stopReason === '') stopReason = reason;
      resolveStopped(reason);
    },
  };
}

const hasStopped = (reason: string) =>
  new Fault('stopped', `the log accepts no more events: ${reason}`, { hint: 'restart the daemon' });

/**
 * Throws the Fault of another root, or (`stopped`) of a log that accepts nothing until a restart. It is then unknown whether the
 * last events are in it. The next start decides about their volumes, which must not be touched until then.
 */
export function expectServing({ halted }: Pick<LogHealth, 'halted'>): void {
  if (halted !== undefined) throw halted;
}
