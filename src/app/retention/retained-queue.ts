import type { Envelope } from '../../../events/envelope.ts';
import type { State } from '../../../projections/state.ts';

/** A retained layer in the order of eviction. */
export interface Queued {
  readonly id: number;
  /** `elapsed` of the store at its removal, in milliseconds; not below that of the layer before it */
  readonly elapsed: number;
  /** its own bytes, 0 if they were not measured yet */
  readonly bytes: number;
}

/** Whether to include the next one, after those that are included already. */
export type Take = (next: Queued, chosen: { readonly count: number; readonly bytes: number }) => boolean;

/**
 * The retained layers, the one that was removed first in front. A snapshot with children can't be removed, so every layer
 * comes before its parent, and eviction in this order never leaves one without its parent.
 */
export interface RetainedQueue {
  readonly size: number;
  readonly bytes: number;
  /** Follows a durable event, and the state after it. */
  follow(envelope: Envelope, state: State): void;
  /** Oldest first, as long as `take` accepts the next one. */
  oldest(take: Take): readonly Queued[];
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
    oldest: (take) => oldestOf(queue.values(), take),
    oldestIn: (newer, count) => {
      const found = oldestOf(stillIn(queue, newer), (_, chosen) => chosen.count < count);
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

function oldestOf(queue: Iterable<Queued>, take: Take): readonly Queued[] {
  const chosen: Queued[] = [];
  let bytes = 0;
  for (const queued of queue) {
    if (!take(queued, { count: chosen.length, bytes })) break;
    chosen.push(queued);
    bytes += queued.bytes;
  }
  return chosen;
}
