import type { Envelope, Meta } from '../../../events/envelope.ts';
import type { EventOf } from '../../../events/registry.ts';
import { namespaceOf } from '../../../projections/composed-key.ts';

export type Observed = EventOf<'ContainerdObserved'>['data'];

/** A removal, and whether containerd was listened to at that time. */
export interface Removal {
  readonly envelope: Envelope<EventOf<'SnapshotRemoved'>>;
  readonly watched: boolean;
}

const words: Readonly<Record<string, string>> = {
  '/images/delete': 'image',
  '/containers/delete': 'container',
  '/namespaces/delete': 'namespace',
  '/snapshot/remove': 'snapshot',
};

/** nanoseconds: what lies longer before a removal hardly explains it */
const longAgo = 600_000_000_000n;

/** Who removed a snapshot, and what led to it as far as that is known; where it is not, that is said. */
export function causeOf({ envelope: { event, time, meta }, watched }: Removal, observed: readonly Observed[]): string {
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
  if (last !== undefined) return `by ${removerOf(meta)}, ${afterWhat(last, time)}`;
  const unknown = watched
    ? 'containerd told of nothing in the 10 minutes before that led to it'
    : "what led to it is not known, since containerd's events were not listened to (containerd.events)";
  return `by ${removerOf(meta)}; ${unknown}`;
}

/** containerd removes by its collection alone; that call comes without a namespace. */
function removerOf({ actor, namespace }: Meta): string {
  if (actor !== 'containerd') return `the ${actor ?? 'unknown'}`;
  return namespace === undefined ? "containerd's collection" : `a client in namespace ${namespace}`;
}

function afterWhat({ topic, namespace, name, at }: Observed, time: bigint): string {
  const seconds = (Number((time - at) / 1_000_000n) / 1000).toFixed(1);
  const deed = topic === '/snapshot/remove' ? 'removed' : 'deleted';
  return `${seconds} s after ${words[topic] ?? topic} ${name} was ${deed} in namespace ${namespace}`;
}
