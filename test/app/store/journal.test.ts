import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyState } from '../../../projections/state.ts';
import { answersSent } from '../../../src/app/answers.ts';
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

test('events: reach background work after the answer of the call that recorded them', async () => {
  const journal = journalOver(() => undefined);
  const order: string[] = [];
  journal.events.subscribe(({ position }) => void order.push(`event ${position}`));
  const call = async (id: number) => {
    await journal.record([prepared(id, `k${id}`)], { actor });
    await null;
    order.push(`answer ${id}`);
  };
  await Promise.all([call(1), call(2)]);
  assert.equal([journal.durable.position, journal.delivered], [2, 0]);
  await answersSent();
  assert.equal(order, ['answer 1', 'answer 2', 'event 1', 'event 2']);
  assert.is(journal.delivered, 2);
});

test('deliver: emits at once what is durable, and never twice', async () => {
  const journal = journalOver(() => undefined);
  const seen: number[] = [];
  journal.events.subscribe(({ position }) => void seen.push(position));
  await journal.record([prepared(1, 'a'), prepared(2, 'b')], { actor });
  journal.deliver();
  assert.equal(seen, [1, 2]);
  await answersSent();
  assert.equal(seen, [1, 2]);
});

test.run();
