import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../../events/envelope.ts';
import type { Event } from '../../../events/registry.ts';
import { createInquiry } from '../../../src/app/explain/why.ts';
import { committed, enveloped, prepared, sampleRoot } from '../../support/sample-events.ts';

const test = suite('explain snapshot');
const name = 'ns/2/sha256:a';
const made = [prepared(1, 'ns/1/x'), committed(1, 'ns/1/x', name)] as const;
const gone = (retained: boolean): Event => ({
  type: 'SnapshotRemoved',
  data: {
    ...{ id: 1, key: name, kind: 'committed', parent: '', parentId: null, labels: {} },
    ...{ created: 1n, updated: 1n, retained },
  },
});
const observed = (topic: string, at: number, about = '', namespace = 'ns'): Event => ({
  type: 'ContainerdObserved',
  data: { topic, namespace, name: about, at: BigInt(at) * 100_000_000n },
});
const listening = (now: boolean): Event => ({
  type: 'ContainerdWatchChanged',
  data: { listening: now, gap: 0n },
});
const opened: Event = {
  type: 'StoreOpened',
  data: {
    store: 's',
    driver: 'overlay',
    version: '1',
    boot: 'b',
    pid: 1,
    clean: false,
    replayed: 0,
    found: {},
    root: sampleRoot,
    replaces: null,
  },
};
const byContainerd = (envelopes: readonly Envelope[]): readonly Envelope[] =>
  envelopes.map((envelope) => ({ ...envelope, meta: { actor: 'containerd' } }));

function storyOf(events: readonly Event[], about = name, seen = byContainerd(enveloped(events))) {
  const inquiry = createInquiry(about);
  for (const envelope of seen) inquiry.see(envelope);
  return inquiry.explain();
}
const lastOf = (...events: Event[]) => storyOf(events)?.story.at(-1);

test('explains a snapshot, by key, name or id', () => {
  const story = ['prepared by containerd as active, at position 1', 'committed from ns/1/x, at position 2'];
  for (const about of [name, 'ns/1/x', '1'])
    assert.equal(storyOf(made, about), { id: 1, key: name, now: 'committed', diffId: null, story });
  assert.is(storyOf(made, 'nobody'), undefined);
});

test('names lease and parent, and the outcome of a snapshot', () => {
  const events: Event[] = [
    ...made,
    prepared(2, 'k', { name, id: 1 }),
    { type: 'UsageMeasured', data: { id: 2, bytes: 1, inodes: 1 } },
    { type: 'VolumeLost', data: { id: 2, key: 'k', why: 'it vanished' } },
    { type: 'OrphanQuarantined', data: { path: 'snapshots/2', id: 2, moved: 'quarantine/5-2', why: 'it is lost' } },
  ];
  const seen = enveloped(events).map((envelope) => ({ ...envelope, meta: { actor: 'containerd', lease: 'l' } }));
  assert.equal(storyOf([], 'k', seen), {
    ...{ id: 2, key: 'k', now: 'quarantined', diffId: null },
    story: [
      `prepared by containerd under lease l as active on ${name}, at position 3`,
      'lost: it vanished, at position 5',
      'its volume was moved to quarantine/5-2: it is lost, at position 6',
    ],
  });
  const undone: Event = {
    type: 'PrepareUndone',
    data: { id: 3, key: 'u', step: 'create', error: 'EIO', left: '', done: '' },
  };
  assert.equal(storyOf([prepared(3, 'u'), undone], 'u')?.story[1], 'undone: create failed (EIO), at position 2');
  assert.is(storyOf([prepared(3, 'u'), undone], 'u', enveloped([prepared(3, 'u'), undone]))?.now, 'undone');
});

test('names the earlier deletion in containerd, the container rather than its snapshot', () => {
  const removals = [observed('/containers/delete', 31, 'web'), observed('/snapshot/remove', 32, 'web')] as const;
  assert.is(
    lastOf(listening(true), ...made, ...removals, gone(true)),
    "removed by containerd's collection, 2.9 s after container web was deleted in namespace ns, at position 6",
  );
  assert.is(
    lastOf(listening(true), ...made, removals[1], gone(false)),
    "removed by containerd's collection, 1.8 s after snapshot web was removed in namespace ns, at position 5",
  );
});

test('takes the newest deletion before the removal, by time and not by log order', () => {
  const seen = byContainerd(
    enveloped([
      ...[listening(true), ...made, gone(true)],
      ...[observed('/images/delete', 30, 'old'), observed('/images/delete', 39, 'new')],
    ]),
  );
  const story = storyOf([], name, seen)?.story.at(-1) ?? '';
  assert.match(story, /0\.1 s after image new was deleted in namespace ns, at/);
  const later = byContainerd(enveloped([...made, gone(true), observed('/images/delete', 40, 'later')]));
  assert.match(storyOf([], name, later)?.story.at(-1) ?? '', 'were not recorded');
});

test('says that it cannot know', () => {
  assert.match(lastOf(...made, gone(true)) ?? '', "cause not known: containerd's events were not");
  const watched = listening(true);
  assert.match(lastOf(watched, ...made, gone(true)) ?? '', 'containerd reported no cause in the 10 minutes before');
  assert.match(lastOf(watched, ...made, observed('/images/delete', 2, 'x', 'other'), gone(true)) ?? '', 'no cause');
  assert.match(lastOf(watched, ...made, observed('/strange', 2, 'x'), gone(true)) ?? '', 'no cause');
});

test('says for how long it could not know', () => {
  const watched = listening(true);
  assert.match(
    lastOf(watched, ...made, listening(false), made[0], gone(true)) ?? '',
    "not known: containerd's events were not recorded for 2.0 s of the 10 minutes before (containerd.events)",
  );
  assert.match(lastOf(...made, listening(false), watched, gone(true)) ?? '', 'recorded for 3.0 s of the 10');
  assert.match(
    lastOf(watched, ...made, observed('/images/delete', 31, 'x'), listening(false), watched, gone(true)) ?? '',
    "3.9 s after image x was deleted in namespace ns (containerd's events were not recorded for 1.0 s in between)",
  );
});

test('counts an unclean session as connected until its last event', () => {
  const story = lastOf(listening(true), ...made, opened, listening(true), gone(true));
  assert.match(story ?? '', 'not recorded for 2.0 s of the 10 minutes before');
  assert.match(lastOf(listening(true), ...made, opened, gone(true)) ?? '', 'not recorded for 2.0 s of the 10');
  assert.match(lastOf(listening(true), listening(true), ...made, gone(true)) ?? '', 'containerd reported no cause');
});

test('ignores an interruption that is too short to matter', () => {
  const events = [...made, listening(true), observed('/images/delete', 29, 'x'), gone(true)];
  const seen = byContainerd(enveloped(events)).map((envelope) =>
    envelope.position === 3 ? { ...envelope, time: 2_950_000_000n } : envelope,
  );
  assert.match(storyOf([], name, seen)?.story.at(-1) ?? '', /2\.1 s after image x was deleted in namespace ns, at/);
});

test('names another remover, and follows a layer through retention', () => {
  const events: Event[] = [
    ...made,
    gone(true),
    {
      type: 'SnapshotRestored',
      data: { id: 1, key: name, parent: '', parentId: null, labels: {}, created: 1n, why: 'by hand' },
    },
    gone(true),
    { type: 'RetentionEnded', data: { id: 1, key: name, why: 'it was old' } },
  ];
  const seen = enveloped(events).map((envelope) => ({
    ...envelope,
    meta: envelope.position === 3 ? { actor: 'operator' } : { actor: 'containerd', namespace: 'n' },
  }));
  const explained = storyOf([], name, seen);
  assert.is(explained?.now, 'removed');
  assert.match(explained?.story[2] ?? '', 'removed by the operator;');
  assert.is(explained?.story[3], 'restored (by hand), at position 4');
  assert.match(explained?.story[4] ?? '', 'removed by a client in namespace n;');
  assert.is(explained?.story[5], 'retention ended: it was old, at position 6');
});

test.run();
