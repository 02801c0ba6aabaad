import type { Envelope } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import type { EventLog } from '../../../src/ports/event-log.ts';
import type { StoreFiles } from '../../../src/ports/store-files.ts';
import { createMemoryCheckpointStore } from '../../support/memory-checkpoint-store.ts';
import { createMemoryEventLog } from '../../support/memory-event-log.ts';
import { enveloped } from '../../support/sample-events.ts';

/** A store of these facts, a second apart from position 1 on, without a checkpoint. */
export async function memoryFiles(events: readonly Event[] | readonly Envelope[]): Promise<StoreFiles> {
  const log = createMemoryEventLog();
  const envelopes = events.map((event, at) => ('event' in event ? event : (enveloped([event], at)[0] as Envelope)));
  await log.append(envelopes, { flush: 'now' });
  return filesOf(log);
}

/** A store with this log, which is still being written. */
export function filesOf(log: EventLog): StoreFiles {
  return {
    openLog: async () => ({ ...log, end: log.end, close: async () => {} }),
    openCheckpoints: async () => createMemoryCheckpointStore(),
    measureLog: async () => ({ segments: 1, archived: 0, bytes: 4096, archivedBytes: 0 }),
  };
}
