import { createHttpEventSource } from '../../adapters/event-source/http.ts';
import { createLogSource } from '../../app/feed/subscribe.ts';
import { holderOf } from '../../cli/ask-daemon.ts';
import type { EventSource } from '../../ports/event-source.ts';
import { Fault } from '../../ports/fault.ts';
import type { StoreFiles } from '../../ports/store-files.ts';

/**
 * New events of a root: those of the daemon while one is running, otherwise what its files hold, after which the source fails with
 * `io` so that the reader asks again.
 */
export function newEventsOf(root: string, files: Pick<StoreFiles, 'openLog'>): EventSource {
  const fromFiles = createLogSource(() => files.openLog());
  return {
    read: async function* (request) {
      const holder = holderOf(root);
      let connected = false;
      if (holder !== undefined)
        try {
          for await (const batch of createHttpEventSource({ socketPath: holder.http }).read(request)) {
            connected = true;
            yield batch;
          }
        } catch (error) {
          if (!(error instanceof Fault && error.code === 'io')) throw error;
        }
      // The reader begins again after what it has got.
      if (!connected) yield* fromFiles.read(request);
      throw new Fault('io', 'there are no more events now', { hint: 'ask again' });
    },
  };
}
