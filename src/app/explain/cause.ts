import type { Envelope, Meta } from '../../../events/envelope.ts';
import type { EventOf } from '../../../events/registry.ts';
import { namespaceOf } from '../../../projections/snapshot.ts';

export type Observed = EventOf<'ContainerdObserved'>['data'];

export type Removal = Envelope<EventOf<'SnapshotRemoved'>>;

/** Everything that a log has about containerd: an event may come after the removal that it caused. */
export interface Heard {
  readonly observed: readonly Observed[];
  readonly gaps: Pick<Gaps, 'missed' | 'first'>;
}

const words: Readonly<Record<string, string>> = {
  '/images/delete': 'image',
  '/containers/delete': 'container',
  '/namespaces/delete': 'namespace',
  '/snapshot/remove': 'snapshot',
};

/** nanoseconds: anything earlier hardly explains a removal */
const longAgo = 600_000_000_000n;

/** The remover of a snapshot and the reason, or why that is not known. */
export function causeOf({ event, time, meta }: Removal, { observed, gaps }: Heard): string {
  const namespace = namespaceOf(event.data.key);
  const near = observed.filter(
    (one) => one.namespace === namespace && one.at <= time && time - one.at < longAgo && one.topic in words,
  );
  // The removal of a container explains more than the removal of its snapshot.
  const causes = near.filter(({ topic }) => topic !== '/snapshot/remove');
  const last = (causes.length > 0 ? causes : near).reduce<Observed | undefined>(
    (found, next) => (found !== undefined && found.at > next.at ? found : next),
    undefined,
  );
  const cause = last === undefined ? `; ${unknown(time, gaps)}` : `, ${afterWhat(last, time, gaps)}`;
  return `by ${removerOf(meta)}${cause}`;
}

/** A call of containerd's garbage collection has no namespace. */
function removerOf({ actor, namespace }: Meta): string {
  if (actor !== 'containerd') return `the ${actor ?? 'unknown'}`;
  return namespace === undefined ? "containerd's collection" : `a client in namespace ${namespace}`;
}

function unknown(time: bigint, { missed, first }: Heard['gaps']): string {
  const from = first > time - longAgo ? first : time - longAgo;
  const missing = missed(from, time);
  if (missing === 0n) return 'containerd reported no cause in the 10 minutes before';
  const share = missing >= time - from ? '' : ` for ${seconds(missing)} of the 10 minutes before`;
  return `cause not known: containerd's events were not recorded${share} (containerd.events)`;
}

function afterWhat(
  { topic, namespace, name, at, missed: unseen }: Observed,
  time: bigint,
  { missed }: Heard['gaps'],
): string {
  const action = unseen === true ? 'found deleted' : topic === '/snapshot/remove' ? 'removed' : 'deleted';
  const missing = missed(at, time);
  const doubt = missing === 0n ? '' : ` (containerd's events were not recorded for ${seconds(missing)} in between)`;
  return `${seconds(time - at)} after ${words[topic] ?? topic} ${name} was ${action} in namespace ${namespace}${doubt}`;
}

const seconds = (nanoseconds: bigint) => `${(Number(nanoseconds / 1_000_000n) / 1000).toFixed(1)} s`;

/** The periods in which containerd's events were not recorded. Times are those of the log's events, nanoseconds since 1970 UTC. */
interface Gaps {
  see(envelope: Envelope): void;
  /** Nanoseconds of a period that were missed, 0 for a moment. Time before the log's first event does not count. */
  missed(from: bigint, to: bigint): bigint;
  /** the time of the log's first event */
  readonly first: bigint;
}

/** nanoseconds: containerd's stream begins a moment before the event that records it */
const moment = 100_000_000n;

export function createGaps(): Gaps {
  const ended: { readonly from: bigint; readonly to: bigint }[] = [];
  let first: bigint | undefined;
  let before = 0n;
  /** undefined while events are recorded */
  let since: bigint | undefined;
  return {
    see: ({ event, time }) => {
      if (first === undefined) first = since = time;
      // A session that ended by a crash was connected at least until its last event.
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
