import type { Event } from '../../../events/registry.ts';
import { openFileEventLog } from '../../adapters/event-log/file/file-event-log.ts';
import { writeInPlace } from '../../adapters/system/commands.ts';
import { createSystem } from '../../adapters/system/system.ts';
import { operatorActor } from '../../app/actors.ts';
import { stampEvents } from '../../app/store/journal.ts';

const system = createSystem();

/** Events that are appended together. */
const batch = 500;

/** Makes a log that begins with these facts. */
export async function writeLog(directory: string, store: string, facts: readonly Event[]): Promise<void> {
  const { log } = await openFileEventLog({ directory, store, preallocate: system.preallocate, writeInPlace });
  try {
    for (let at = 0; at < facts.length; at += batch) {
      const stamped = { store, after: log.end.position, clock: system.now, actor: operatorActor };
      await log.append(stampEvents(facts.slice(at, at + batch), stamped), { flush: 'now' });
    }
  } finally {
    await log.close();
  }
}
