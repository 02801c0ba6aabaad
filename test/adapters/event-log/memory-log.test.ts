import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../../src/ports/fault.ts';
import { eventLogContract } from '../../contract/event-log.contract.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { createMemoryEventLog, type MemoryRecord } from '../../support/memory-event-log.ts';
import { enveloped, prepared } from '../../support/sample-events.ts';

let stores = 0;

eventLogContract('memory', async () => {
  const kept: MemoryRecord[] = [];
  const store = `store-${++stores}`;
  let flushes = 0;
  let failure: Fault | undefined;
  const flush = async () => {
    const error = failure;
    failure = undefined;
    if (error !== undefined) throw error;
    flushes += 1;
  };
  const log = createMemoryEventLog({ store, kept, flush });
  return {
    log,
    reopen: async () => {
      await log.close();
      return createMemoryEventLog({ store, kept, flush });
    },
    dispose: () => log.close(),
    flushes: () => flushes,
    failNext: (code) => {
      failure = new Fault(code, 'made to fail', { hint: 'none' });
    },
  };
});

const test = suite('memory event log');
const events = enveloped([prepared(1, 'a'), prepared(2, 'b'), prepared(3, 'c')]);
const now = { flush: 'now' } as const;

test('shows nothing before its flush has ended', async () => {
  const held: (() => void)[] = [];
  const log = createMemoryEventLog({ flush: () => new Promise((resolve) => held.push(resolve)) });
  const appended = log.append(events.slice(0, 1), now);
  const later = log.append(events.slice(1), now);
  await Promise.resolve();
  assert.equal((await log.read(0)[Symbol.asyncIterator]().next()).done, true);
  held.shift()?.();
  await Promise.all([appended, later]);
  const read = await log.read(0)[Symbol.asyncIterator]().next();
  assert.equal(read.value, events);
});

test('rejects at once what `admit` rejects', async () => {
  const log = createMemoryEventLog({
    admit: (_, { reserve }) => {
      if (reserve !== true) throw new Fault('no-space', 'full', { hint: 'none' });
    },
  });
  assert.is((await caughtFault(log.append(events.slice(0, 1), now))).message, 'full');
  assert.is(log.end.position, 0);
  await log.append(events.slice(0, 1), { reserve: true, flush: 'now' });
  assert.is(log.end.position, 1);
});

test.run();
