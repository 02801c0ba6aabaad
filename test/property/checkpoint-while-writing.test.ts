import { setImmediate as yieldToLoop } from 'node:timers/promises';
import * as fc from 'fast-check';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../events/envelope.ts';
import type { Event } from '../../events/registry.ts';
import { fromRows, toRows } from '../../projections/checkpoint-rows.ts';
import { emptyState, evolve } from '../../projections/state.ts';
import { createCheckpointer } from '../../src/app/background/checkpointer.ts';
import { createPipelines } from '../../src/app/background/pipeline.ts';
import { createJournal } from '../../src/app/store/journal.ts';
import type { LogPosition } from '../../src/ports/event-log.ts';
import { silent } from '../../src/ports/logger.ts';
import { createMemoryEventLog } from '../support/memory-event-log.ts';
import { committed, prepared, removed } from '../support/sample-events.ts';

const test = suite('checkpoint while writing');
const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';

/** One snapshot per number: some stay active, some are committed, some are removed. */
const eventsFor = (ends: readonly number[]): readonly Event[] =>
  ends.flatMap((end, index) => {
    const id = index + 1;
    const key = `k${id}`;
    return [prepared(id, key), ...(end === 1 ? [committed(id, key, `c${id}`)] : end === 2 ? [removed(id, key)] : [])];
  });

test('a checkpoint is of one state of the log, whatever is recorded while its rows are written', async () => {
  const ends = fc.array(fc.nat(2), { minLength: 1, maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(ends, fc.integer({ min: 1, max: 10 }), async (lives, every) => {
      const log = createMemoryEventLog({ store });
      const journal = createJournal({ log, store, clock: () => 1n, state: emptyState() });
      const saved: { place: LogPosition; rows: unknown[] }[] = [];
      const checkpoints = {
        save: async (place: LogPosition, rows: Iterable<unknown>) => {
          const written: unknown[] = [];
          for (const row of rows) {
            written.push(JSON.parse(JSON.stringify(row)));
            await yieldToLoop();
          }
          saved.push({ place, rows: written });
        },
        load: async function* () {},
      };
      const pipelines = createPipelines({ journal, logger: silent });
      const checkpointer = createCheckpointer({ journal, pipelines, checkpoints, logger: silent, every, last: 0 });
      const envelopes: Envelope[] = [];
      for (const event of eventsFor(lives)) envelopes.push(...(await journal.record([event], { actor: {} })));
      await checkpointer.save();
      checkpointer.close();
      assert.is(saved.at(-1)?.place.position, envelopes.length);
      for (const { place, rows } of saved) {
        const state = envelopes.slice(0, place.position).reduce(evolve, emptyState());
        const loaded = fromRows(rows);
        assert.ok(either.isRight(loaded));
        assert.equal([...toRows(loaded.right)].map(asText).sort(), [...toRows(state)].map(asText).sort());
        assert.is(await log.chainHashAt(place.position), place.chainHash);
      }
    }),
    { numRuns: 60 },
  );
});

const asText = (row: unknown) => JSON.stringify(row);

test.run();
