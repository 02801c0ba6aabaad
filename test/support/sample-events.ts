import type { EmptyLayer, Labels } from '../../events/codecs.ts';
import type { Envelope } from '../../events/envelope.ts';
import type { Event, EventOf } from '../../events/registry.ts';

const root = { parent: '', parentId: null, labels: {} } as const;

/** The root that a sample store is served from. */
export const sampleRoot = { id: '3f1c11a0b7c1e9e8', host: 'node-1', path: '/var/lib/snapledger' };

/** The machine that a sample store is on. */
export const sampleNode = { name: 'node-1', kernel: '6.1.0-13-amd64', fileSystem: 'ext4', bytes: 107_374_182_400 };

/** Puts facts into envelopes after a position (default: 0), a second apart. */
export function enveloped(events: readonly Event[], after = 0): Envelope[] {
  return events.map((event, index) => {
    const position = after + 1 + index;
    return {
      position,
      id: `event-${position}`,
      time: BigInt(position) * 1_000_000_000n,
      meta: { actor: 'test' },
      event,
    };
  });
}

/** An opening in order during the boot of that id. */
export const opened = (boot: string): EventOf<'StoreOpened'> => ({
  type: 'StoreOpened',
  data: {
    store: 's',
    driver: 'overlay',
    version: '0',
    boot,
    pid: 1,
    clean: true,
    replayed: 0,
    found: {},
    root: sampleRoot,
    replaces: null,
  },
});

export const prepared = (
  id: number,
  key: string,
  parent: { name: string; id: number } | null = null,
  labels: Labels = {},
): Event => ({
  type: 'SnapshotPrepared',
  data: { id, key, kind: 'active', labels, parent: parent?.name ?? '', parentId: parent?.id ?? null },
});

export const viewed = (id: number, key: string, parent: { name: string; id: number }): Event => ({
  type: 'SnapshotPrepared',
  data: { id, key, kind: 'view', labels: {}, parent: parent.name, parentId: parent.id },
});

export const committed = (
  id: number,
  key: string,
  name: string,
  parent: { name: string; id: number } | null = null,
  labels: Labels = {},
): Event => ({
  type: 'SnapshotCommitted',
  data: { id, key, name, labels, parent: parent?.name ?? '', parentId: parent?.id ?? null, flushed: true },
});

export const removed = (id: number, key: string): Event => ({
  type: 'SnapshotRemoved',
  data: { id, key, kind: 'active', created: 0n, updated: 0n, retained: false, ...root },
});

const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`;

/** The labels by which containerd 2.3 and later asks for a layer; `digit` makes its chain id, `content` its diff id. */
export const layerLabels = (digit: string, content: string, below?: string): Labels => ({
  'containerd.io/snapshot.ref': digestOf(digit),
  'containerd.io/snapshot/diff-id': digestOf(content),
  ...(below === undefined ? {} : { 'containerd.io/snapshot/parent-chain-id': digestOf(below) }),
});

/** A layer of nothing, as its commit describes it. */
export const emptyLayer: EmptyLayer = { uid: 7, gid: 8, mode: 0o1770, mtime: 1_500_000_000_123_456_789n };

/** The commit of a layer of nothing. */
export const committedEmpty = (
  id: number,
  key: string,
  name: string,
  parent: { name: string; id: number } | null = null,
): EventOf<'SnapshotCommitted'> => ({
  type: 'SnapshotCommitted',
  data: {
    ...{ id, key, name, labels: {}, parent: parent?.name ?? '', parentId: parent?.id ?? null },
    ...{ flushed: true, empty: emptyLayer },
  },
});

/** One event of every type, with every required field filled. */
export const oneOfEach: readonly Event[] = [
  {
    type: 'StoreCreated',
    data: { store: '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11', driver: 'overlay', version: '0.1.0' },
  },
  {
    type: 'StoreOpened',
    data: {
      store: '0b7c1e9e-3a55-4c8e-9d0a-6a1f6a3f1c11',
      driver: 'overlay',
      version: '0.1.0',
      boot: '5d3f1c9a-0000-4000-8000-000000000001',
      pid: 4711,
      clean: false,
      replayed: 12,
      found: { recreate: 1 },
      root: sampleRoot,
      replaces: null,
    },
  },
  { type: 'StoreClosed', data: { reason: 'SIGTERM' } },
  {
    type: 'SnapshotPrepared',
    data: {
      id: 7,
      key: 'default/12/extract-304 sha256:ab',
      kind: 'active',
      parent: 'base',
      parentId: 3,
      labels: { a: 'ü"\n' },
    },
  },
  {
    type: 'SnapshotCommitted',
    data: {
      id: 7,
      key: 'default/12/extract-304 sha256:ab',
      name: 'sha256:ab',
      parent: '',
      parentId: null,
      labels: {},
      flushed: false,
    },
  },
  {
    type: 'SnapshotRemoved',
    data: {
      id: 7,
      key: 'sha256:ab',
      kind: 'committed',
      parent: 'base',
      parentId: 3,
      labels: { 'containerd.io/gc.root': 'x' },
      created: 1_790_000_000_123_456_789n,
      updated: 1_790_000_001_000_000_001n,
      retained: true,
    },
  },
  {
    type: 'SnapshotRestored',
    data: {
      id: 7,
      key: 'default/13/sha256:ab',
      parent: 'base',
      parentId: 3,
      labels: { 'containerd.io/snapshot.ref': 'sha256:ab' },
      created: 1_790_000_000_123_456_789n,
      why: 'adopted, in place of default/20/extract-1 sha256:ab',
    },
  },
  {
    type: 'ContainerdObserved',
    data: {
      topic: '/images/delete',
      namespace: 'k8s.io',
      name: 'docker.io/library/x:1',
      at: 1_790_000_000_123_456_789n,
    },
  },
  { type: 'ContainerdWatchChanged', data: { listening: true, gap: 3_217_000_000n } },
  { type: 'RetentionEnded', data: { id: 7, key: 'default/13/sha256:ab', why: 'it was kept for 86400 s' } },
  { type: 'SnapshotUpdated', data: { id: 7, key: 'sha256:ab', before: { a: '1', b: '' }, after: { a: '', b: '2' } } },
  {
    type: 'PrepareUndone',
    data: { id: 8, key: 'k', step: 'create', error: 'EIO', left: 'snapshots/8', done: 'purge' },
  },
  {
    type: 'CommitUndone',
    data: { id: 8, key: 'k', name: 'n', step: 'flush', error: 'EIO', left: 'snapshots/8', done: 'unfreeze' },
  },
  { type: 'UsageMeasured', data: { id: 7, bytes: 9_007_199_254_740_991, inodes: 50_000 } },
  { type: 'VolumeFlushed', data: { id: 7 } },
  { type: 'VolumePurged', data: { id: 7, why: 'removed', bytes: 4096 } },
  { type: 'VolumeRecreated', data: { id: 7, why: 'prepared, but its volume was never finished' } },
  { type: 'VolumeLost', data: { id: 7, key: 'sha256:ab', why: 'gone' } },
  { type: 'OrphanQuarantined', data: { path: 'snapshots/x', id: null, moved: 'quarantine/12-x', why: 'no number' } },
  { type: 'OrphanPurged', data: { path: 'snapshots/99', id: 99, why: 'empty', bytes: 0 } },
  {
    type: 'LogRepaired',
    data: {
      file: '00000000000000000008.log',
      offset: 1203,
      what: 'the record is damaged: its checksum does not match',
      done: 'truncated',
      first: 11,
      last: 14,
      readable: 3,
      unreadable: 1,
      kept: 'log/damaged-11',
      lastId: 100,
    },
  },
  { type: 'StoreImported', data: { from: 'overlay', driver: 'overlay', position: 4711, volumes: true } },
  {
    type: 'StoreTakenOver',
    data: {
      from: 'overlayfs',
      database: 'metadata.db/containerd.db',
      sha256: '9'.repeat(64),
      ...{ committed: 12, actives: 3, views: 1, lastId: 47 },
    },
  },
  {
    type: 'SnapshotTakenOver',
    data: {
      id: 7,
      key: 'default/13/sha256:ab',
      kind: 'committed',
      parent: 'base',
      parentId: 3,
      labels: { 'containerd.io/snapshot.ref': 'sha256:ab' },
      created: 1_790_000_000_123_456_789n,
      updated: 1_790_000_001_000_000_001n,
      usage: { bytes: 4096, inodes: 2 },
    },
  },
];

/** What was observed of an image of containerd: created or updated, with what it stands for. */
export const imageSeen = (
  name: string,
  target: string,
  layers: readonly string[] | null = [],
  topic: '/images/create' | '/images/update' = '/images/create',
): EventOf<'ContainerdObserved'> => ({
  type: 'ContainerdObserved',
  data: {
    ...{ topic, namespace: 'k8s.io', name, at: 1_790_000_000_123_456_789n },
    image: { target, layers, created: 1_780_000_000_000_000_001n },
  },
});

/** An image was deleted, or was found to be gone. */
export const imageGone = (name: string, missed = false): EventOf<'ContainerdObserved'> => ({
  type: 'ContainerdObserved',
  data: {
    ...{ topic: '/images/delete', namespace: 'k8s.io', name, at: 1_790_000_000_123_456_789n },
    ...(missed && { missed }),
  },
});

/** Events with optional fields, by the names of their golden files. */
export const withOptional: Readonly<Record<string, Event>> = {
  'StoreOpened.v1.node': {
    type: 'StoreOpened',
    data: { ...opened('5d3f1c9a-0000-4000-8000-000000000001').data, node: sampleNode },
  },
  'ContainerdObserved.v1.image': imageSeen('docker.io/library/x:1', digestOf('a'), [digestOf('b'), digestOf('c')]),
  'ContainerdObserved.v1.missed': imageGone('docker.io/library/x:1', true),
  'ContainerdObserved.v1.unread': imageSeen('docker.io/library/x:1', digestOf('a'), null, '/images/update'),
  'SnapshotCommitted.v1.empty': committedEmpty(7, 'default/12/extract-304 sha256:ab', 'sha256:ab'),
};
