import type { Event } from '../../events/registry.ts';
import type { ContainerdListener, WatchContainerd } from '../ports/containerd-events.ts';
import type { Clock } from '../ports/system.ts';
import { containerdActor } from './actors.ts';
import type { Journal } from './journal.ts';

interface Context {
  readonly journal: Pick<Journal, 'record'>;
  readonly clock: Clock;
  readonly watch: WatchContainerd;
}

/** at most so many of containerd's events in a minute are recorded: what comes on top explains nothing better */
const mostEachMinute = 600;
/** longer names, in UTF-16 units, are cut */
const longestName = 512;

/** Records what containerd tells of itself, so that removals can be explained. Nothing waits for it, and nothing fails by it. */
export function observeContainerd({ journal, clock, watch }: Context): { close(): void } {
  let watched = false;
  let minute = 0n;
  let count = 0;
  const record = (topic: string, namespace: string, name: string, at: bigint) => {
    const data = { topic, namespace: namespace.slice(0, longestName), name: name.slice(0, longestName), at };
    const observed: Event = { type: 'ContainerdObserved', data };
    try {
      journal.record([observed], { actor: containerdActor, flush: 'soon' }).catch(() => {});
    } catch {
      // The log takes nothing now: what is not known is not told.
    }
  };
  const listener: ContainerdListener = {
    event: ({ topic, namespace, name, at }) => {
      const now = clock() / 60_000_000_000n;
      count = now === minute ? count + 1 : 1;
      minute = now;
      if (count <= mostEachMinute) record(topic, namespace, name, at);
    },
    watching: (now) => {
      if (now === watched) return;
      watched = now;
      record(now ? 'watched' : 'unwatched', '', '', clock());
    },
  };
  return watch(listener);
}
