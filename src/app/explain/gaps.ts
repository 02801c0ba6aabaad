import type { Envelope } from '../../../events/envelope.ts';

/** When containerd's events were not listened to, as a log tells it. Times are those of the events, nanoseconds since 1970 UTC. */
export interface Gaps {
  see(envelope: Envelope): void;
  /** How many nanoseconds of a time were missed, 0 where it is a moment. What lies before the log's first event does not count. */
  missed(from: bigint, to: bigint): bigint;
  /** the time of the log's first event */
  readonly first: bigint;
}

/** nanoseconds: containerd's stream begins a moment before the log says so */
const moment = 100_000_000n;

export function createGaps(): Gaps {
  const ended: { readonly from: bigint; readonly to: bigint }[] = [];
  let first: bigint | undefined;
  let before = 0n;
  /** undefined while it is listened to */
  let since: bigint | undefined;
  return {
    see: ({ event, time }) => {
      if (first === undefined) first = since = time;
      // A session that ended without a word listened until its last event at least.
      if (event.type === 'StoreOpened') since ??= before;
      if (event.type === 'ContainerdWatchChanged') {
        if (!event.data.listening) since ??= time;
        else if (since !== undefined) {
          ended.push({ from: since, to: time });
          since = undefined;
        }
      }
      before = time;
    },
    missed: (from, to) => {
      const all = since === undefined ? ended : [...ended, { from: since, to }];
      const sum = all.reduce((sum, gap) => sum + overlap(gap, from, to), 0n);
      return sum < moment ? 0n : sum;
    },
    get first() {
      return first ?? 0n;
    },
  };
}

function overlap(gap: { readonly from: bigint; readonly to: bigint }, from: bigint, to: bigint): bigint {
  const begin = gap.from > from ? gap.from : from;
  const end = gap.to < to ? gap.to : to;
  return end > begin ? end - begin : 0n;
}
