import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { describeEvent } from '../../../src/cli/output/event-text.ts';
import { sampleNode } from '../../support/sample-events.ts';
import { enveloped, opened, smallStore } from '../facts.ts';

const test = suite('describeEvent');

const described = (events: readonly Event[]) =>
  enveloped(events).map((envelope) => {
    const { id, about, what, actor } = describeEvent(envelope);
    return [envelope.event.type, id, about, what, actor].join(' | ');
  });

test('describes every event of a store', () => {
  const store = '6ba7b810-9dad-41d1-80b4-00c04fd430c8';
  assert.equal(described(smallStore), [
    `StoreCreated |  | ${store} | driver memory, version 0.1.0 | operator`,
    `StoreOpened |  | ${store} | clean | operator`,
    'SnapshotPrepared | 1 | default/1/extract-a | active | containerd/default',
    'SnapshotCommitted | 1 | default/2/sha256:aaa | from default/1/extract-a | containerd/default',
    'SnapshotPrepared | 2 | default/3/extract-b | active on default/2/sha256:aaa | containerd/default',
    'SnapshotCommitted | 2 | default/4/sha256:bbb | from default/3/extract-b | containerd/default',
    'UsageMeasured | 1 |  | 1.5 MiB, 12 inodes | containerd/default',
    'SnapshotPrepared | 3 | default/5/web | active on default/4/sha256:bbb | containerd/default',
    'SnapshotPrepared | 4 | default/6/job | active on default/2/sha256:aaa | containerd/default',
    'SnapshotUpdated | 3 | default/5/web | ~b=3 +c=4 -a | containerd/default',
    'SnapshotRemoved | 4 | default/6/job | active | containerd/default',
    'VolumePurged | 4 |  | removed, 4 KiB freed | containerd/default',
    'StoreClosed |  |  | SIGTERM | operator',
  ]);
});

test('describes the machine of an opening, if it was recorded', () => {
  const event = opened();
  assert.equal(described([{ ...event, data: { ...event.data, node: sampleNode } }]), [
    'StoreOpened |  | 6ba7b810-9dad-41d1-80b4-00c04fd430c8 | clean, on node-1, Linux 6.1.0-13-amd64, ext4 of 100 GiB | operator',
  ]);
});

test('describes the events of a removed layer', () => {
  const layer = { id: 5, key: 'k', parent: '', parentId: null, labels: {}, created: 1n } as const;
  const events: readonly Event[] = [
    { type: 'SnapshotRemoved', data: { ...layer, kind: 'committed', updated: 1n, retained: true } },
    { type: 'SnapshotRestored', data: { ...layer, why: 'by hand' } },
    { type: 'RetentionEnded', data: { id: 5, key: 'k', why: 'it was old' } },
    { type: 'ContainerdObserved', data: { topic: '/images/delete', namespace: 'ns', name: 'app:1', at: 1n } },
    { type: 'ContainerdWatchChanged', data: { listening: true, gap: 3_217_000_000n } },
    { type: 'ContainerdWatchChanged', data: { listening: false, gap: 0n } },
  ];
  assert.equal(
    described(events).map((line) => line.replace(/ \|[^|]*$/, '')),
    [
      'SnapshotRemoved | 5 | k | committed, retained',
      'SnapshotRestored | 5 | k | by hand',
      'RetentionEnded | 5 | k | it was old',
      'ContainerdObserved |  | app:1 | /images/delete ns',
      'ContainerdWatchChanged |  |  | listening, after a gap of 3.217s',
      'ContainerdWatchChanged |  |  | not listening',
    ],
  );
});

test('describes failures', () => {
  const undone = { id: 5, key: 'k', step: 'create', error: 'EIO', left: 'snapshots/5', done: 'purge' };
  const events: readonly Event[] = [
    { type: 'PrepareUndone', data: undone },
    { type: 'CommitUndone', data: { ...undone, name: 'n', step: 'freeze', done: 'unfreeze' } },
    { type: 'VolumeRecreated', data: { id: 5, why: 'never finished' } },
    { type: 'VolumeLost', data: { id: 5, key: 'k', why: 'vanished' } },
    { type: 'OrphanQuarantined', data: { path: 'snapshots/x', id: null, moved: 'quarantine/9-x', why: 'no number' } },
    { type: 'OrphanPurged', data: { path: 'snapshots/9', id: 9, why: 'empty', bytes: 0 } },
  ];
  assert.equal(described(events), [
    'PrepareUndone | 5 | k | create: EIO (purge) | containerd/default',
    'CommitUndone | 5 | k | freeze: EIO (unfreeze) | containerd/default',
    'VolumeRecreated | 5 |  | never finished | containerd/default',
    'VolumeLost | 5 | k | vanished | containerd/default',
    'OrphanQuarantined |  | snapshots/x | to quarantine/9-x: no number | containerd/default',
    'OrphanPurged | 9 | snapshots/9 | empty, 0 B freed | containerd/default',
  ]);
});

test.run();
