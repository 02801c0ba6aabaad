import type { Envelope } from '../../../events/envelope.ts';
import type { State } from '../../../projections/state.ts';

/** A retained layer in the order in which retention ends. */
export interface Queued {
  readonly id: number;
  /** `elapsed` of the store's life at its removal, in milliseconds; not below that of the layer before it */
  readonly elapsed: number;
  /** its own bytes, 0 where they were not measured yet */
  readonly bytes: number;
}

/** What was taken before the next one. */
export interface Taken {
  readonly count: number;
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
  /** Oldest first, as long as `taking` accepts the next one. */
  oldest(taking: (next: Queued, taken: Taken) => boolean): readonly Queued[];
  /** The oldest `count` of those that a newer state retains. */
  oldestIn(state: State, count: number): readonly Queued[];
}

export function createRetainedQueue(state: State): RetainedQueue {
  const queue = new Map<number, Queued>();
  let total = 0;
  const put = (queued: Queued) => {
    total += queued.bytes - (queue.get(queued.id)?.bytes ?? 0);
    queue.set(queued.id, queued);
  };
  for (const queued of inOrder(state)) put(queued);
  const follow = ({ event }: Envelope, after: State) => {
    if (event.type === 'SnapshotRemoved' && event.data.retained) put(queuedOf(after, event.data.id));
    else if (event.type === 'UsageMeasured') {
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
    oldestIn: (newer, count) => {
      const found = oldestOf(stillIn(queue, newer), (_, taken) => taken.count < count);
      // Those that are retained since the newest durable event come after all others.
      return found.length < count ? inOrder(newer).slice(0, count) : found;
    },
  };
}

const queuedOf = ({ volumes, usage }: State, id: number): Queued => ({
  id,
  elapsed: volumes.retained.get(id)?.elapsed ?? 0,
  bytes: usage.get(id)?.bytes ?? 0,
});

const inOrder = (state: State): readonly Queued[] =>
  [...state.volumes.retained].sort(([, a], [, b]) => a.since - b.since).map(([id]) => queuedOf(state, id));

function* stillIn(queue: ReadonlyMap<number, Queued>, { volumes }: State): Iterable<Queued> {
  for (const [id, queued] of queue) if (volumes.retained.has(id)) yield queued;
}

function oldestOf(queue: Iterable<Queued>, taking: (next: Queued, taken: Taken) => boolean): readonly Queued[] {
  const found: Queued[] = [];
  let bytes = 0;
  for (const queued of queue) {
    if (!taking(queued, { count: found.length, bytes })) break;
    found.push(queued);
    bytes += queued.bytes;
  }
  return found;
}
