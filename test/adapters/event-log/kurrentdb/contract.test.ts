import { randomUUID } from 'node:crypto';
import { openKurrentEventLog } from '../../../../src/adapters/event-log/kurrentdb/open-kurrent-event-log.ts';
import { type EventLogSubject, eventLogContract } from '../../../contract/event-log.contract.ts';
import { startStandIn } from '../../../support/kurrent/stand-in.ts';

/** A log in a stream of its own. */
async function subjectOn(url: string): Promise<Omit<EventLogSubject, 'failNext'>> {
  const store = randomUUID();
  let flushes = 0;
  const open = async () => {
    const onFlush = () => {
      flushes += 1;
    };
    return (await openKurrentEventLog({ url, store, onFlush, patience: { answer: 2_000, outcome: 1_000 } })).log;
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

eventLogContract(
  'kurrentdb',
  async () => {
    const standIn = await startStandIn();
    const subject = await subjectOn(standIn.url);
    return {
      ...subject,
      dispose: async () => {
        await subject.dispose();
        await standIn.close();
      },
      failNext: () => standIn.faults.meet('silent'),
    };
  },
  { flushes: true, failures: true, full: false },
);
