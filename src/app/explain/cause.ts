import type { Envelope, Meta } from '../../../events/envelope.ts';
import type { EventOf } from '../../../events/registry.ts';
import { namespaceOf } from '../../../projections/snapshot.ts';
import type { Gaps } from './gaps.ts';

export type Observed = EventOf<'ContainerdObserved'>['data'];

export type Removal = Envelope<EventOf<'SnapshotRemoved'>>;

/** What a log holds of containerd, all of it: an event may come after the removal that it led to. */
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

/** nanoseconds: what lies longer before a removal hardly explains it */
const longAgo = 600_000_000_000n;

/** Who removed a snapshot, and what led to it as far as that is known; where it is not, or may have been missed, that is said. */
export function causeOf({ event, time, meta }: Removal, { observed, gaps }: Heard): string {
  const namespace = namespaceOf(event.data.key);
  const near = observed.filter(
    (one) => one.namespace === namespace && one.at <= time && time - one.at < longAgo && one.topic in words,
  );
  // That a container's snapshot was removed says less than that the container was.
  const telling = near.filter(({ topic }) => topic !== '/snapshot/remove');
  const last = (telling.length > 0 ? telling : near).reduce<Observed | undefined>(
    (found, next) => (found !== undefined && found.at > next.at ? found : next),
    undefined,
  );
  const cause = last === undefined ? `; ${unknown(time, gaps)}` : `, ${afterWhat(last, time, gaps)}`;
  return `by ${removerOf(meta)}${cause}`;
}

/** containerd removes by its collection alone; that call comes without a namespace. */
function removerOf({ actor, namespace }: Meta): string {
  if (actor !== 'containerd') return `the ${actor ?? 'unknown'}`;
  return namespace === undefined ? "containerd's collection" : `a client in namespace ${namespace}`;
}

function unknown(time: bigint, { missed, first }: Heard['gaps']): string {
  const from = first > time - longAgo ? first : time - longAgo;
  const unheard = missed(from, time);
  if (unheard === 0n) return 'containerd told of nothing in the 10 minutes before that led to it';
  const share = unheard >= time - from ? '' : ` for ${seconds(unheard)} of the 10 minutes before`;
  return `what led to it is not known, since containerd's events were not listened to${share} (containerd.events)`;
}

function afterWhat({ topic, namespace, name, at }: Observed, time: bigint, { missed }: Heard['gaps']): string {
  const action = topic === '/snapshot/remove' ? 'removed' : 'deleted';
  const unheard = missed(at, time);
  const doubt = unheard === 0n ? '' : ` (containerd's events were not listened to for ${seconds(unheard)} in between)`;
  return `${seconds(time - at)} after ${words[topic] ?? topic} ${name} was ${action} in namespace ${namespace}${doubt}`;
}

const seconds = (nanoseconds: bigint) => `${(Number(nanoseconds / 1_000_000n) / 1000).toFixed(1)} s`;
