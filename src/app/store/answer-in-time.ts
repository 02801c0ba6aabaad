import { Fault } from '../../ports/fault.ts';
import { deferred } from '../../ports/promises.ts';
import type { Journal } from './journal.ts';

/** Milliseconds that a change may wait for a log that does not answer: an election of a cluster is over well before. */
const maxWait = 30_000;

/**
 * Bounds how long a change may wait for a log that does not answer: it is then answered with a Fault (`stopped`). The change
 * itself goes on, and counts when the log is back. While the log has been unresponsive for that long, none is begun.
 */
export type AnswerInTime = <T>(change: () => Promise<T>) => Promise<T>;

export function createAnswerInTime({ troubles }: Pick<Journal, 'troubles'>, wait = maxWait): AnswerInTime {
  if (troubles === undefined) return (change) => change();
  const waiting = new Set<(fault: Fault) => void>();
  let unresponsive: Fault | undefined;
  let late = false;
  let timer: NodeJS.Timeout | undefined;
  const rejectWaiting = () => {
    late = true;
    if (unresponsive !== undefined) for (const reject of waiting) reject(unanswered(unresponsive));
  };
  troubles.subscribe((trouble) => {
    unresponsive = trouble?.fault.code === 'io' ? trouble.fault : undefined;
    if (unresponsive !== undefined) {
      timer ??= setTimeout(rejectWaiting, wait).unref();
      return;
    }
    clearTimeout(timer);
    timer = undefined;
    late = false;
  });
  return async (change) => {
    if (late && unresponsive !== undefined) throw unanswered(unresponsive);
    const { promise: given, reject } = deferred<never>();
    waiting.add(reject);
    try {
      return await Promise.race([change(), given]);
    } finally {
      waiting.delete(reject);
    }
  };
}

const unanswered = (cause: Fault) =>
  new Fault('stopped', `the log has not answered for too long: ${cause.message}`, { hint: cause.hint, cause });
