import type { Envelope } from '../../../events/envelope.ts';
import type { State } from '../../../projections/state.ts';

/** A retained layer in the order in which retention ends. */
export interface Queued {
  readonly id: number;
  readonly key: string;
  /** time of its removal, nanoseconds since 1970 UTC */
  readonly removed: bigint;
  /** its own bytes, 0 where they were not measured yet */
  readonly bytes: number;
}

/**
 * The retained layers, the one removed first before the others. A snapshot with children can't be removed, so every layer
 * stands before its parent here, and to end retention in this order never leaves one without its parent.
 */
export interface RetainedQueue {
  readonly size: number;
  readonly bytes: number;
  /** Follows a durable event, and the state after it. */
  follow(envelope: Envelope, state: State): void;
  /** Oldest first, as long as `taking` says so of the next one, told the bytes of those before it. */
  oldest(taking: (next: Queued, before: number) => boolean): readonly Queued[];
}

export function createRetainedQueue(state: State): RetainedQueue {
  const queue = new Map<number, Queued>();
  let total = 0;
  const put = (queued: Queued) => {
    total += queued.bytes - (queue.get(queued.id)?.bytes ?? 0);
    queue.set(queued.id, queued);
  };
  for (const [id, { snapshot, removed }] of inOrder(state))
    put({ id, key: snapshot.key, removed, bytes: state.usage.get(id)?.bytes ?? 0 });
  const follow = ({ event, time }: Envelope, { usage }: State) => {
    if (event.type === 'SnapshotRemoved' && event.data.retained) {
      const { id, key } = event.data;
      put({ id, key, removed: time, bytes: usage.get(id)?.bytes ?? 0 });
    } else if (event.type === 'UsageMeasured') {
      const queued = queue.get(event.data.id);
      if (queued !== undefined) put({ ...queued, bytes: event.data.bytes });
    } else if (event.type === 'RetentionEnded' || event.type === 'SnapshotRestored') {
      total -= queue.get(event.data.id)?.bytes ?? 0;
      queue.delete(event.data.id);
    }
  };
  return {
    get size() {
      return queue.size;
    },
    get bytes() {
      return total;
    },
    follow,
    oldest: (taking) => oldestOf(queue.values(), taking),
  };
}

const inOrder = ({ volumes }: State) => [...volumes.retained].sort(([, a], [, b]) => a.since - b.since);

function oldestOf(queue: Iterable<Queued>, taking: (next: Queued, before: number) => boolean): readonly Queued[] {
  const taken: Queued[] = [];
  let before = 0;
  for (const queued of queue) {
    if (!taking(queued, before)) break;
    taken.push(queued);
    before += queued.bytes;
  }
  return taken;
}
