import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyState } from '../../../projections/state.ts';
import { createCheckpointer } from '../../../src/app/background/checkpointer.ts';
import { createPipelines } from '../../../src/app/background/pipeline.ts';
import { createJournal } from '../../../src/app/store/journal.ts';
import type { LogPosition } from '../../../src/ports/event-log.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { createMemoryEventLog } from '../../support/memory-event-log.ts';
import { prepared } from '../../support/sample-events.ts';

const test = suite('checkpoints');
const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';

function checkpointed(every: number, failing = false) {
  const log = createMemoryEventLog({ store });
  const journal = createJournal({ log, store, clock: () => 1n, state: emptyState() });
  const saved: LogPosition[] = [];
  const errors: string[] = [];
  const checkpoints = {
    save: async (place: LogPosition) => {
      if (failing) throw new Fault('no-space', 'full', { hint: '' });
      saved.push(place);
    },
    load: async function* () {},
  };
  const logger = { info: () => {}, warn: () => {}, error: (_: object, message: string) => void errors.push(message) };
  const checkpointer = createCheckpointer({
    journal,
    pipelines: createPipelines({ journal, logger }),
    checkpoints,
    logger,
    every,
    last: 0,
  });
  const record = async (id: number) => {
    await journal.record([prepared(id, `k${id}`)], { actor: {} });
    journal.deliver();
  };
  return { log, journal, saved, errors, checkpointer, record };
}

test('are written every N events, at a position that the log holds', async () => {
  const { saved, record, log, checkpointer } = checkpointed(3);
  for (let id = 1; id <= 7; id++) await record(id);
  assert.equal(
    saved.map(({ position }) => position),
    [3, 6],
  );
  for (const { position, chainHash } of saved) assert.is(await log.chainHashAt(position), chainHash);
  await checkpointer.save();
  await checkpointer.save();
  assert.equal(
    saved.map(({ position }) => position),
    [3, 6, 7],
  );
  checkpointer.close();
  for (let id = 8; id <= 20; id++) await record(id);
  assert.is(saved.length, 3);
});

test('a failure is logged and not retried at once', async () => {
  const { errors, record } = checkpointed(100, true);
  for (let id = 1; id <= 105; id++) await record(id);
  assert.equal(errors, ['checkpoint failed: a restart will take longer']);
  for (let id = 106; id <= 111; id++) await record(id);
  assert.is(errors.length, 2);
});

test.run();
