import type { Envelope, Meta } from '../../events/envelope.ts';
import type { Event, EventOf } from '../../events/registry.ts';
import { sampleRoot } from '../support/sample-events.ts';

const store = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
const began = 1_700_000_000_000_000_000n;
const containerd: Meta = { actor: 'containerd', namespace: 'default' };

/** Facts in envelopes, from position 1 on, a minute apart, with ids that contain the position. */
export function enveloped(events: readonly Event[], after = 0): readonly Envelope[] {
  return events.map((event, at) => {
    const position = after + at + 1;
    const meta = event.type.startsWith('Store') ? { actor: 'operator' } : containerd;
    const id = `00000000-0000-5000-8000-${String(position).padStart(12, '0')}`;
    return { position, id, time: began + BigInt(position) * 60_000_000_000n, meta, event };
  });
}

export const prepared = (id: number, key: string, parent = '', parentId: number | null = null): Event => ({
  type: 'SnapshotPrepared',
  data: { id, key, kind: 'active', parent, parentId, labels: {} },
});

export const committed = (
  id: number,
  key: string,
  name: string,
  parent = '',
  parentId: number | null = null,
): Event => ({
  type: 'SnapshotCommitted',
  data: { id, key, name, parent, parentId, labels: {}, flushed: true },
});

export const opened = (clean = true): EventOf<'StoreOpened'> => ({
  type: 'StoreOpened',
  data: {
    store,
    driver: 'memory',
    version: '0.1.0',
    boot: 'b',
    pid: 7,
    clean,
    replayed: 0,
    found: {},
    root: sampleRoot,
    replaces: null,
  },
});

/** The events of a small store on the memory driver: two layers, a container on each, a removal, a clean end. */
export const smallStore: readonly Event[] = [
  { type: 'StoreCreated', data: { store, driver: 'memory', version: '0.1.0' } },
  opened(),
  prepared(1, 'default/1/extract-a'),
  committed(1, 'default/1/extract-a', 'default/2/sha256:aaa'),
  prepared(2, 'default/3/extract-b', 'default/2/sha256:aaa', 1),
  committed(2, 'default/3/extract-b', 'default/4/sha256:bbb', 'default/2/sha256:aaa', 1),
  { type: 'UsageMeasured', data: { id: 1, bytes: 1_572_864, inodes: 12 } },
  prepared(3, 'default/5/web', 'default/4/sha256:bbb', 2),
  prepared(4, 'default/6/job', 'default/2/sha256:aaa', 1),
  {
    type: 'SnapshotUpdated',
    data: { id: 3, key: 'default/5/web', before: { b: '2', c: '', a: '1' }, after: { b: '3', c: '4', a: '' } },
  },
  {
    type: 'SnapshotRemoved',
    data: {
      id: 4,
      key: 'default/6/job',
      kind: 'active',
      parent: 'default/2/sha256:aaa',
      parentId: 1,
      labels: {},
      created: began,
      updated: began,
      retained: false,
    },
  },
  { type: 'VolumePurged', data: { id: 4, why: 'removed', bytes: 4096 } },
  { type: 'StoreClosed', data: { reason: 'SIGTERM' } },
];
