import type { LogTrouble } from '../../../ports/event-log.ts';
import { Fault } from '../../../ports/fault.ts';
import { stoppedFault } from '../group-commit.ts';
import type { Trouble } from './watch-stream.ts';

/**
 * Decides which appends the log accepts, and reports every change. Three sources: the fault that stopped the log, an append
 * that the cluster does not answer, and the last check of the stream. The first takes precedence, then the second.
 */
export class LogHealth {
  #stopped: Fault | undefined;
  #unanswered: Fault | undefined;
  #checked: Trouble | undefined;
  #closed = false;
  #report: (trouble: LogTrouble | undefined) => void = () => {};

  /** Replaces the listener and calls it at once. */
  onTrouble(report: (trouble: LogTrouble | undefined) => void): void {
    this.#report = report;
    this.#notify();
  }

  /** Throws a Fault (`stopped`) if the log does not accept such an append now. */
  expectAccepting(reserve: boolean): void {
    if (this.#stopped !== undefined) throw stoppedFault(this.#stopped);
    const { fault, refuses = 'none' } = this.#checked ?? {};
    if (fault !== undefined && (refuses === 'all' || (refuses === 'ordinary' && !reserve))) throw refusedFor(fault);
  }

  get hasUnanswered(): boolean {
    return this.#unanswered !== undefined;
  }

  /** Undefined when the cluster has answered. */
  setUnanswered(fault: Fault | undefined): void {
    this.#unanswered = fault;
    this.#notify();
  }

  setChecked(trouble: Trouble | undefined): void {
    this.#checked = trouble;
    if (trouble?.stops === true) this.#stopped ??= trouble.fault;
    this.#notify();
  }

  stop(fault: Fault): void {
    this.#stopped = fault;
    this.#notify();
  }

  /** Stops the log, and reports nothing from now on. */
  close(fault: Fault): void {
    this.#closed = true;
    this.#stopped ??= fault;
  }

  #notify(): void {
    if (this.#closed) return;
    if (this.#stopped !== undefined) this.#report({ fault: this.#stopped, refuses: 'all' });
    else if (this.#unanswered !== undefined) this.#report({ fault: this.#unanswered, refuses: 'none' });
    else this.#report(this.#checked);
  }
}

const refusedFor = (cause: Fault) =>
  new Fault('stopped', `the log accepts no such events for now: ${cause.message}`, { hint: cause.hint, cause });
