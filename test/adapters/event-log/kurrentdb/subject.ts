import { randomUUID } from 'node:crypto';
import { openKurrentEventLog } from '../../../../src/adapters/event-log/kurrentdb/open-kurrent-event-log.ts';
import type { RetryPolicy } from '../../../../src/adapters/event-log/kurrentdb/stream.ts';
import type { EventLogSubject } from '../../../contract/event-log.contract.ts';

/** A log in a stream of its own. */
export async function subjectOn(
  url: string,
  retry: Partial<RetryPolicy> = {},
): Promise<Omit<EventLogSubject, 'failNext'>> {
  const store = randomUUID();
  let flushes = 0;
  const open = async () => {
    const onFlush = () => {
      flushes += 1;
    };
    return (await openKurrentEventLog({ url, store, onFlush, retry })).log;
  };
  let log = await open();
  return {
    log,
    reopen: async () => {
      await log.close();
      log = await open();
      return log;
    },
    dispose: () => log.close(),
    flushes: () => flushes,
  };
}
