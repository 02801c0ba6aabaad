import { randomUUID } from 'node:crypto';
import { eventLogContract } from '../../../contract/event-log.contract.ts';
import { createSandbox } from '../../../support/sandbox.ts';
import { createFailpoint, openLog } from './file-log.ts';

const all = { flushes: true, failures: true, full: true };

/** Tiny segments need a flush each: flushes are shared only within one segment. */
for (const [name, segmentBytes, able] of [
  ['file', undefined, all],
  ['file in tiny segments', 1500, { ...all, flushes: false }],
] as const)
  eventLogContract(
    name,
    async () => {
      const sandbox = createSandbox('event-log');
      const failing = createFailpoint();
      let flushes = 0;
      const options = {
        store: randomUUID(),
        failpoint: failing.failpoint,
        onFlush: () => {
          flushes += 1;
        },
        ...(segmentBytes !== undefined && { segmentBytes }),
      };
      const open = async () => (await openLog(`${sandbox.path}/log`, options)).log;
      let log = await open();
      return {
        log,
        reopen: async () => {
          await log.close();
          log = await open();
          return log;
        },
        dispose: async () => {
          await log.close();
          await sandbox.close();
        },
        flushes: () => flushes,
        failNext: (code) => (code === 'no-space' ? failing.arm('log.write', 'ENOSPC') : failing.arm('log.sync', 'EIO')),
      };
    },
    able,
  );
