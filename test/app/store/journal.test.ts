import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyState } from '../../../projections/state.ts';
import { createJournal } from '../../../src/app/store/journal.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { createMemoryEventLog } from '../../support/memory-event-log.ts';
import { prepared } from '../../support/sample-events.ts';

const test = suite('journal');

const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';
const actor = { actor: 'operator' };

function journalOver(refuse: () => Fault | undefined) {
  const log = createMemoryEventLog({
    admit: () => {
      const fault = refuse();
      if (fault !== undefined) throw fault;
    },
  });
  return createJournal({ log, store, clock: () => 1n, state: emptyState() });
}

test('record: accepted events are in `latest` when the call returns, in `durable` when it resolves', async () => {
  const journal = journalOver(() => undefined);
  const recorded = journal.record([prepared(1, 'k')], { actor });
  assert.is(journal.latest.position, 1);
  assert.is(journal.durable.position, 0);
  await recorded;
  assert.is(journal.durable.position, 1);
});

test('record: refused events reject, and `latest` is unchanged', async () => {
  const journal = journalOver(() => new Fault('no-space', 'full', { hint: '' }));
  const { position } = journal.latest;
  const recorded = journal.record([prepared(1, 'k')], { actor });
  assert.is(journal.latest.position, position);
  assert.is((await caughtFault(recorded)).code, 'no-space');
  assert.is(journal.halted, undefined);
});

test('recordSoon: never throws, and reports what was lost', async () => {
  const lost: unknown[] = [];
  const journal = journalOver(() => new Fault('no-space', 'full', { hint: '' }));
  journal.recordSoon([prepared(1, 'k')], { actor }, (error) => lost.push(error));
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(
    lost.map((error) => (error instanceof Fault ? error.code : String(error))),
    ['no-space'],
  );
});

test.run();
