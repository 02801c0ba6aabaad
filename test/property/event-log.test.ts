import { rmSync } from 'node:fs';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../events/envelope.ts';
import { readLogDirectory } from '../../src/adapters/event-log/file/read/read-log-directory.ts';
import { inspectLog } from '../../src/adapters/event-log/file/verify/inspect-log.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { openLog, readAll } from '../adapters/event-log/file/file-log.ts';
import { enveloped, oneOfEach } from '../support/sample-events.ts';
import { createSandbox } from '../support/sandbox.ts';

type Operation =
  | { readonly do: 'append'; readonly events: readonly number[]; readonly soon: boolean }
  | { readonly do: 'wait' | 'reopen' | 'look' }
  | { readonly do: 'read'; readonly after: number };

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      events: fc.array(fc.nat(oneOfEach.length - 1), { minLength: 1, maxLength: 8 }),
      soon: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('wait' as const, 'reopen' as const, 'look' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('read' as const), after: fc.nat(60) }) },
);

const run = { numRuns: 150 };
const test = suite('event log under any operations');

/** Runs the operations on the real log and on a list, and compares them. */
async function follow(directory: string, segmentBytes: number, operations: readonly Operation[]): Promise<void> {
  const open = async () => (await openLog(directory, { segmentBytes })).log;
  const all: Envelope[] = [];
  let log: EventLog = await open();
  for (const one of operations) {
    if (one.do === 'append') {
      const envelopes = enveloped(
        one.events.flatMap((index) => oneOfEach[index] ?? []),
        all.length,
      );
      void log.append(envelopes, { flush: one.soon ? 'soon' : 'now' });
      all.push(...envelopes);
    } else if (one.do === 'reopen') {
      await log.close();
      log = await open();
    } else await log.settled();
    assert.is(log.end.position, all.length);
    if (one.do === 'read') assert.equal(await readAll(log, one.after), all.slice(one.after));
    if (one.do === 'look') assert.equal(await readAll(await readLogDirectory(directory)), all);
  }
  await log.close();
  const { damage, records, head, tail } = await inspectLog(directory);
  assert.equal({ damage, records, head, tail }, { damage: [], records: all.length, head: log.end, tail: null });
}

test('returns what was appended, across closings, openings and segments', async () => {
  const sandbox = createSandbox('event-log-property');
  try {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3000 }),
        fc.array(operation, { maxLength: 25 }),
        async (size, operations) => {
          const directory = `${sandbox.path}/log`;
          rmSync(directory, { recursive: true, force: true });
          await follow(directory, size, operations);
        },
      ),
      run,
    );
  } finally {
    await sandbox.close();
  }
});

test.run();
