import { either } from 'fp-ts';
import { emptyState } from '../../projections/state.ts';
import { createPipelines } from '../../src/app/background/pipeline.ts';
import { createFeed } from '../../src/app/feed/feed.ts';
import { createJournal } from '../../src/app/store/journal.ts';
import { createFormats } from '../../src/http/events/format.ts';
import type { Sources } from '../../src/http/routes.ts';
import { silent } from '../../src/ports/logger.ts';
import { createMemoryEventLog } from './memory-event-log.ts';
import { noAudit } from './no-audit.ts';

const store = '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11';

/** What the HTTP server shows in tests: an empty store in health, and what a test puts in the place of parts of it. */
export function httpSources(parts: Partial<Sources> = {}): Sources {
  const journal = createJournal({ log: createMemoryEventLog({ store }), store, clock: () => 1n, state: emptyState() });
  return {
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4', body: 'up 1\n' }),
    health: () => ({ serving: true, reason: '' }),
    reconcile: async () => [],
    restore: async () => either.right([]),
    ...noAudit,
    feed: createFeed({ journal, pipelines: createPipelines({ journal, logger: silent }) }),
    store,
    formats: createFormats(store),
    onDrop: () => {},
    ...parts,
  };
}
