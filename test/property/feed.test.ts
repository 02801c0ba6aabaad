import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyState } from '../../projections/state.ts';
import { createPipelines } from '../../src/app/background/pipeline.ts';
import { createFeed, idle } from '../../src/app/feed/feed.ts';
import { createJournal, type Journal } from '../../src/app/store/journal.ts';
import { silent } from '../../src/ports/logger.ts';
import { createMemoryEventLog } from '../support/memory-event-log.ts';
import { prepared } from '../support/sample-events.ts';

const test = suite('feed');
const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';

interface Reader {
  /** relative to what is durable when it starts: before, at or past it */
  readonly from: number;
  readonly startsAfter: number;
  /** milliseconds per batch */
  readonly pace: number;
  /** after that many batches it reconnects with the position after its last one */
  readonly patience: number;
}

const arbitraryReader: fc.Arbitrary<Reader> = fc.record({
  from: fc.integer({ min: 1, max: 80 }),
  startsAfter: fc.integer({ min: 0, max: 12 }),
  pace: fc.integer({ min: 0, max: 4 }),
  patience: fc.integer({ min: 1, max: 20 }),
});

/** Sizes of the appends of several writers that run at the same time. */
const arbitraryWriters = fc.array(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 }), {
  minLength: 1,
  maxLength: 5,
});

function opened() {
  const log = createMemoryEventLog({ store, flush: () => pause(Math.random() < 0.5 ? 0 : 1) });
  const journal = createJournal({ log, store, clock: () => 1n, state: emptyState() });
  const pipelines = createPipelines({ journal, logger: silent });
  return { journal, feed: createFeed({ journal, pipelines, heartbeat: 5 }) };
}

async function write(journal: Journal, sizes: readonly number[]): Promise<void> {
  for (const size of sizes) {
    const events = Array.from({ length: size }, () => prepared(1, 'k'));
    await journal.record(events, { actor: {} });
    if (Math.random() < 0.3) await pause(1);
  }
}

/** The positions that a reader receives up to the last event. */
async function read(feed: ReturnType<typeof createFeed>, reader: Reader, last: number): Promise<readonly number[]> {
  const seen: number[] = [];
  await pause(reader.startsAfter);
  for (let from = reader.from; from <= last; ) {
    const gone = new AbortController();
    let batches = 0;
    for await (const batch of feed.read({ from, follow: true }, gone.signal)) {
      if (batch === idle) continue;
      const lines = Buffer.from(batch.lines).toString().trimEnd().split('\n');
      seen.push(...lines.map((line) => Number((JSON.parse(line) as { position: string }).position)));
      from = batch.last + 1;
      batches += 1;
      if (reader.pace > 0) await pause(reader.pace);
      if (from > last || batches >= reader.patience) gone.abort();
    }
  }
  return seen;
}

test('delivers each event once and in order to every reader, for any writers and ways of reading', async () => {
  await fc.assert(
    fc.asyncProperty(
      arbitraryWriters,
      fc.array(arbitraryReader, { minLength: 1, maxLength: 6 }),
      async (writers, readers) => {
        const { journal, feed } = opened();
        const total = writers.flat().reduce((sum, size) => sum + size, 0);
        const reading = readers.map((reader) => read(feed, reader, total));
        await Promise.all(writers.map((sizes) => write(journal, sizes)));
        const all = await Promise.all(reading);
        readers.forEach(({ from }, index) => {
          const expected = Array.from({ length: Math.max(0, total - from + 1) }, (_, offset) => from + offset);
          assert.equal(all[index], expected);
        });
        assert.is(feed.subscribers.size, 0);
      },
    ),
    { numRuns: 60 },
  );
});

test.run();
