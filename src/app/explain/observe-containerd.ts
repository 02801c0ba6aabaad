import type { Event } from '../../../events/registry.ts';
import type { ContainerdListener, WatchContainerd } from '../../ports/containerd-events.ts';
import type { Uptime } from '../../ports/system.ts';
import { containerdActor } from '../actors.ts';
import type { Journal } from '../store/journal.ts';
import type { ImageObserver } from './observe-images.ts';
import { createRate } from './rate.ts';

interface Context {
  readonly journal: Pick<Journal, 'recordSoon'>;
  readonly uptime: Uptime;
  readonly watch: WatchContainerd;
  readonly images: ImageObserver;
}

/** at most so many of containerd's events in a minute are recorded: further events would not explain more */
const maxEventsPerMinute = 600;
/** longer names, in UTF-16 units, are cut */
const maxNameLength = 512;

/**
 * Records the events that containerd reports, so that removals can be explained, and for how long it was not listened to.
 * Nothing waits for it, and its failures have no effect.
 */
export function observeContainerd({ journal, uptime, watch, images }: Context): { close(): void } {
  let listening = false;
  let since = performance.now();
  const rate = createRate(uptime, maxEventsPerMinute);
  const record = (event: Event) => journal.recordSoon([event], { actor: containerdActor }, () => {});
  const listener: ContainerdListener = {
    event: ({ topic, namespace, name, at }) => {
      if (topic.startsWith('/images/')) images.changed(namespace, name);
      // What the others lead to is recorded after a look.
      if (topic === '/images/create' || topic === '/images/update' || !rate.take()) return;
      const data = {
        topic: topic.slice(0, maxNameLength),
        namespace: namespace.slice(0, maxNameLength),
        name: name.slice(0, maxNameLength),
        at,
      };
      record({ type: 'ContainerdObserved', data });
    },
    listening: (now) => {
      if (now === listening) return;
      listening = now;
      // By elapsed time: a clock that is set meanwhile makes no gap longer.
      const gap = now ? BigInt(Math.round((performance.now() - since) * 1e6)) : 0n;
      since = performance.now();
      record({ type: 'ContainerdWatchChanged', data: { listening: now, gap } });
      images.listening(now);
    },
  };
  const watching = watch(listener);
  return {
    close: () => {
      watching.close();
      images.close();
    },
  };
}
