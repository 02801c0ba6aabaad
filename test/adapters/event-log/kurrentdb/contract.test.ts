import { eventLogContract } from '../../../contract/event-log.contract.ts';
import { startStandIn } from '../../../support/kurrent/stand-in.ts';
import { subjectOn } from './subject.ts';

eventLogContract(
  'kurrentdb',
  async () => {
    const standIn = await startStandIn();
    const subject = await subjectOn(standIn.url, { answer: 1_000, outcome: 20_000, unanswered: 500 });
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
