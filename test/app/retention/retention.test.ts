import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Labels } from '../../../events/codecs.ts';
import { refLabel } from '../../../projections/snapshot.ts';
import { emptyState, evolve } from '../../../projections/state.ts';
import type { MemoryVolume } from '../../../src/adapters/volume-driver/memory-driver.ts';
import type { RetentionPolicy } from '../../../src/app/retention/policy.ts';
import type { Answer } from '../../../src/domain/commands.ts';
import type { DiskSpace } from '../../../src/ports/disk-space.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { commit, prepare, remove } from '../../support/commands.ts';
import {
  closeMemoryStores,
  type MemoryStore,
  type MemoryStoreOptions,
  openMemoryStore,
} from '../../support/memory-store.ts';
import { layerLabels } from '../../support/sample-events.ts';
import { speedUpTimers } from '../../support/speed-up-timers.ts';
import { waitFor } from '../../support/wait-for.ts';

speedUpTimers();
const test = suite('retention');
const actor = { actor: 'containerd', namespace: 'default' };
const full = () => new Fault('no-space', 'the disk is full', { hint: 'free space' });
const forever: RetentionPolicy = { keep: 1e9, maxSnapshots: 1e6, maxBytes: 1e12, minFree: { bytes: 0 } };
const names = ['default/2/sha256:a', 'default/4/sha256:b', 'default/6/sha256:c'] as const;
const [a, b, c] = names;

function right<T>(answer: Answer<T>): T {
  if (either.isLeft(answer)) throw new Error(`refused: ${answer.left.text}`);
  return answer.right;
}
const codeOf = <T>(answer: Answer<T>) => (either.isLeft(answer) ? answer.left.code : 'accepted');

const listed = ({ snapshots }: MemoryStore, ...filters: string[]) => [...right(snapshots.list(filters))];
const retained = ({ journal }: MemoryStore) => [...journal.durable.volumes.retained].map(([id]) => id).sort();
function volumeOf({ driver }: MemoryStore, name: string): MemoryVolume {
  const volume = driver.volumes.get(name);
  if (volume === undefined) throw new Error(`no volume ${name}`);
  return volume;
}
const volumes = ({ driver }: MemoryStore) => [...driver.volumes.keys()].sort();

/** A chain of three layers of a MiB each, removed as containerd's garbage collection does. */
async function withRemoved(options: MemoryStoreOptions & { policy?: RetentionPolicy | null } = {}) {
  const { policy = forever, ...rest } = options;
  const store = await openMemoryStore({ ...rest, service: { retention: policy, ...rest.service } });
  const { snapshots } = store;
  for (const [n, name] of names.entries()) {
    const key = `default/${n}/extract`;
    right(await snapshots.prepare(prepare(key, names[n - 1]), actor));
    const volume = store.driver.volumes.get(String(n + 1));
    if (volume !== undefined) volume.bytes = 1 << 20;
    right(await snapshots.commit(commit(key, name, { labels: { l: '1' } }), actor));
    right(await snapshots.usage(name));
  }
  return store;
}
async function removeAll({ snapshots, journal }: MemoryStore) {
  for (const name of [...names].reverse()) right(await snapshots.remove(remove(name), actor));
  await snapshots.cleanup();
  await journal.settled();
}

test('a removed layer is hidden from every read, and stays on disk', async () => {
  const store = await withRemoved();
  await removeAll(store);
  assert.equal(listed(store), []);
  assert.is(codeOf(store.snapshots.stat(a)), 'not-found');
  assert.is(codeOf(await store.snapshots.usage(a)), 'not-found');
  assert.is(codeOf(await store.snapshots.prepare(prepare('k', a), actor)), 'not-found');
  assert.equal(volumes(store), ['1', '2', '3']);
});

test('actives and views are purged at once', async () => {
  const store = await withRemoved();
  right(await store.snapshots.prepare(prepare('k', c), actor));
  right(await store.snapshots.remove(remove('k'), actor));
  await store.snapshots.cleanup();
  assert.equal(volumes(store), ['1', '2', '3']);
});

test('switched off, removed layers are purged and retained ones evicted', async () => {
  const store = await withRemoved();
  await removeAll(store);
  await store.close('off');
  const off = await openMemoryStore({}, { kept: store.kept, driver: store.driver });
  await waitFor('the volumes to be purged', () => volumes(off).length === 0);
  assert.equal(retained(off), []);
  const none = await withRemoved({ policy: null });
  await removeAll(none);
  assert.equal(volumes(none), []);
});

/** Prepares the three layers as containerd's unpacker does, and handles the answers as containerd's metadata store does. */
async function adoptAll(store: MemoryStore): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [n, ref] of ['sha256:a', 'sha256:b', 'sha256:c'].entries()) {
    const parent = found[n - 1] ?? '';
    const answer = await store.snapshots.prepare(
      prepare(`default/9${n}/extract`, parent, { labels: { [refLabel]: ref } }),
      actor,
    );
    assert.is(codeOf(answer), 'already-exists', ref);
    const [match] = listed(store, `labels."containerd.io/snapshot.ref"==${ref},parent=="${parent}"`);
    assert.is(match?.kind, 'committed');
    found.push(match?.key ?? '');
  }
  return found;
}

test('a layer that is prepared again is adopted with AlreadyExists and listed', async () => {
  const store = await withRemoved();
  await removeAll(store);
  assert.equal(await adoptAll(store), [a, b, c]);
  assert.equal(retained(store), []);
  assert.equal(right(store.snapshots.stat(c)).labels, { l: '1', [refLabel]: 'sha256:c' });
  assert.is(right(await store.snapshots.usage(a)).bytes, 1 << 20);
  assert.is(store.types().filter((type) => type === 'SnapshotRestored').length, 3);
  right(await store.snapshots.prepare(prepare('default/99/run', c), actor));
});

test('a layer that is not to be adopted in its namespace is retained, and unpacked beside it', async () => {
  const store = await withRemoved({ policy: { ...forever, neverAdopt: ['default'] } });
  await removeAll(store);
  assert.equal(retained(store), [1, 2, 3]);
  const labels = { [refLabel]: 'sha256:a' };
  right(await store.snapshots.prepare(prepare('default/20/e', '', { labels }), actor));
  right(await store.snapshots.commit(commit('default/20/e', 'default/21/sha256:a', { labels }), actor));
  assert.equal(
    listed(store).map(({ key }) => key),
    ['default/21/sha256:a'],
  );
  assert.equal(retained(store), [1, 2, 3]);
});

test('concurrent and repeated prepares adopt the same layer', async () => {
  const store = await withRemoved();
  await removeAll(store);
  const ask = (key: string) => store.snapshots.prepare(prepare(key, '', { labels: { [refLabel]: 'sha256:a' } }), actor);
  const answers = await Promise.all([ask('default/20/e'), ask('default/21/e')]);
  assert.equal(answers.map(codeOf), ['already-exists', 'already-exists']);
  assert.is(codeOf(await ask('default/22/e')), 'already-exists');
  assert.is(listed(store).length, 1);
});

test('an adopted layer that is removed is retained again', async () => {
  const store = await withRemoved();
  await removeAll(store);
  await adoptAll(store);
  await removeAll(store);
  assert.equal(retained(store), [1, 2, 3]);
  assert.equal(await adoptAll(store), [a, b, c]);
});

test('a retained layer without a volume is evicted, and the layer prepared', async () => {
  const store = await withRemoved();
  await removeAll(store);
  store.driver.volumes.delete('1');
  right(await store.snapshots.prepare(prepare('default/9/e', '', { labels: { [refLabel]: 'sha256:a' } }), actor));
  await store.journal.settled();
  assert.equal(retained(store), [2, 3]);
});

/** Changes made by hand to the volume of the first layer, and the reason reported. */
const alterations: readonly (readonly [about: string, change: (volume: MemoryVolume) => void, said: RegExp])[] = [
  ['emptied', (volume) => Object.assign(volume, { bytes: 0, inodes: 0 }), /holds 0 of the 1 inodes/],
  ['truncated', (volume) => Object.assign(volume, { bytes: 0 }), /holds 0 of the 1048576 bytes/],
  ['added to', (volume) => Object.assign(volume, { inodes: 2 }), /holds 2 of the 1 inodes/],
];

for (const [about, change, said] of alterations) {
  test(`a layer that was ${about} is evicted with the reason, and prepared again`, async () => {
    const store = await withRemoved();
    await removeAll(store);
    change(volumeOf(store, '1'));
    right(await store.snapshots.prepare(prepare('default/9/e', '', { labels: { [refLabel]: 'sha256:a' } }), actor));
    await store.journal.settled();
    assert.equal(retained(store), [2, 3]);
    const ended = store.durable().flatMap(({ event }) => (event.type === 'RetentionEnded' ? [event.data] : []));
    assert.equal(
      ended.map(({ id, key }) => [id, key]),
      [[1, a]],
    );
    assert.match(ended[0]?.why ?? '', said);
    const [warning] = store.said.filter(({ message }) => message.startsWith('layer not adopted'));
    assert.match(String(warning?.fields.error), said);
  });

  test(`a layer that was ${about} after its restoration is not adopted again, and stays live`, async () => {
    const store = await withRemoved();
    await removeAll(store);
    right(await store.restore('1'));
    change(volumeOf(store, '1'));
    right(await store.snapshots.prepare(prepare('default/9/e', '', { labels: { [refLabel]: 'sha256:a' } }), actor));
    assert.is(right(store.snapshots.stat(a)).kind, 'committed');
    assert.not.ok(store.types().includes('RetentionEnded'));
  });

  test(`restore refuses a layer that was ${about}, and does not change it`, async () => {
    const store = await withRemoved();
    await removeAll(store);
    change(volumeOf(store, '1'));
    const answer = await store.restore('2');
    assert.match(either.isLeft(answer) ? answer.left.text : '', said);
    assert.equal([codeOf(answer), retained(store)], ['failed-precondition', [1, 2, 3]]);
  });
}

test('a layer that was never measured is adopted if it exists', async () => {
  const store = await openMemoryStore({ service: { retention: forever } });
  right(await store.snapshots.prepare(prepare('default/1/e'), actor));
  right(await store.snapshots.commit(commit('default/1/e', a), actor));
  right(await store.snapshots.remove(remove(a), actor));
  assert.not.ok(store.journal.durable.usage.has(1));
  const answer = await store.snapshots.prepare(
    prepare('default/9/e', '', { labels: { [refLabel]: 'sha256:a' } }),
    actor,
  );
  assert.is(codeOf(answer), 'already-exists');
});

test('a layer that cannot be verified is not adopted, and stays retained', async () => {
  let failing = false;
  const before = (name: string) => {
    if (failing && name === 'usage') throw new Fault('io', 'the disk fails', { hint: 'replace it' });
  };
  const store = await withRemoved({ before });
  await removeAll(store);
  failing = true;
  right(await store.snapshots.prepare(prepare('default/9/e', '', { labels: { [refLabel]: 'sha256:a' } }), actor));
  assert.equal(retained(store), [1, 2, 3]);
  assert.ok(store.said.some(({ message }) => message === 'layer not adopted: it could not be verified'));
});

test('a layer whose parent is unpacked again is adopted on the new one by its diff id, as containerd 2.3 asks', async () => {
  const store = await openMemoryStore({ service: { retention: forever } });
  const { snapshots } = store;
  const asked = [layerLabels('a', '1'), layerLabels('b', '2', 'a')] as const;
  const pull = async (labels: Labels, parent: string, n: number) => {
    const answer = await snapshots.prepare(prepare(`default/${n}/extract`, parent, { labels }), actor);
    const ref = labels[refLabel] ?? '';
    if (either.isLeft(answer))
      return [listed(store, `labels."${refLabel}"==${ref},parent=="${parent}"`)[0]?.key, false];
    right(await snapshots.commit(commit(`default/${n}/extract`, `default/${n + 1}/${ref}`, { labels }), actor));
    return [`default/${n + 1}/${ref}`, true];
  };
  const [base] = await pull(asked[0], '', 1);
  const [top] = await pull(asked[1], String(base), 3);
  for (const name of [top, base]) right(await snapshots.remove(remove(String(name)), actor));
  store.driver.volumes.delete('1');
  const [again, unpacked] = await pull(asked[0], '', 5);
  assert.equal([again === base, unpacked], [false, true]);
  assert.equal(await pull(asked[1], String(again), 7), [top, false]);
  assert.equal([right(snapshots.stat(String(top))).parentId, retained(store)], [3, []]);
  right(await snapshots.prepare(prepare('default/9/run', String(top)), actor));
});

test('changes during the examination of a layer count', async () => {
  let meanwhile: (() => Promise<unknown>) | undefined;
  const before = async (name: string) => {
    const act = name === 'usage' ? meanwhile : undefined;
    meanwhile = undefined;
    await act?.();
  };
  const store = await withRemoved({ before });
  await removeAll(store);
  const data = { id: 1, key: a, why: 'kept long enough' };
  meanwhile = () => store.journal.record([{ type: 'RetentionEnded', data }], { actor: { actor: 'operator' } });
  right(await store.snapshots.prepare(prepare('default/9/e', '', { labels: { [refLabel]: 'sha256:a' } }), actor));
  meanwhile = () =>
    store.journal.record([{ type: 'RetentionEnded', data: { ...data, id: 2, key: b } }], {
      actor: { actor: 'operator' },
    });
  assert.is(codeOf(await store.restore('2')), 'failed-precondition');
});

test('layers survive a restart, and can be adopted after it', async () => {
  const store = await withRemoved();
  await removeAll(store);
  const again = await openMemoryStore({ service: { retention: forever } }, { kept: store.kept, driver: store.driver });
  assert.equal(again.recovered.actions, []);
  assert.equal(await adoptAll(again), [a, b, c]);
});

test('a start evicts layers without a volume, with their children, and purges the latter', async () => {
  const store = await withRemoved();
  await removeAll(store);
  store.driver.volumes.delete('2');
  const again = await openMemoryStore({ service: { retention: forever } }, { kept: store.kept, driver: store.driver });
  assert.equal(
    again.recovered.actions.map(({ type, id }) => `${type} ${id}`),
    ['end-retention 3', 'end-retention 2'],
  );
  await again.snapshots.cleanup();
  assert.equal(volumes(again), ['1']);
  assert.is(again.driver.quarantined.size, 0);
});

test('a lost live parent ends the retention of its children', async () => {
  const store = await withRemoved();
  right(await store.snapshots.remove(remove(c), actor));
  store.driver.volumes.delete('2');
  const again = await openMemoryStore({ service: { retention: forever } }, { kept: store.kept, driver: store.driver });
  assert.equal(
    again.recovered.actions.map(({ type, id }) => `${type} ${id}`),
    ['end-retention 3', 'declare-lost 2'],
  );
});

test('evicts by age, the oldest first', async () => {
  let now = 1_000_000;
  const store = await withRemoved({ policy: { ...forever, keep: 60_000 }, uptime: () => now });
  right(await store.snapshots.remove(remove(c), actor));
  now += 40_000;
  right(await store.snapshots.remove(remove(b), actor));
  now += 30_000;
  await waitFor('the first to be evicted', () => retained(store).length === 1);
  await store.snapshots.cleanup();
  assert.equal(retained(store), [2]);
  assert.equal(volumes(store), ['1', '2']);
});

test('evicts by size, never a parent before its child', async () => {
  const store = await withRemoved({ policy: { ...forever, maxBytes: 1 << 20 } });
  await removeAll(store);
  await waitFor('two to be evicted', () => retained(store).length === 1);
  assert.equal(retained(store), [1]);
  const ended = store.durable().flatMap(({ event }) => (event.type === 'RetentionEnded' ? [event.data.id] : []));
  assert.equal(ended, [3, 2]);
});

/** The maximum number of retained layers at any position of the log, and the order of eviction. */
function historyOf({ durable }: MemoryStore) {
  let [state, most] = [emptyState(), 0];
  const ended: number[] = [];
  for (const envelope of durable()) {
    state = evolve(state, envelope);
    most = Math.max(most, state.volumes.retained.size - Number(envelope.event.type === 'SnapshotRemoved'));
    if (envelope.event.type === 'RetentionEnded') ended.push(envelope.event.data.id);
    for (const { snapshot } of state.volumes.retained.values())
      if (snapshot.parentId !== null && !state.volumes.retained.has(snapshot.parentId))
        assert.ok(state.parentGraph.has(snapshot.parentId), `${snapshot.id} has lost its parent ${snapshot.parentId}`);
  }
  return { most, ended };
}

test('never exceeds the maximum count: evicts the oldest, never a parent before its child', async () => {
  const policy = { ...forever, maxSnapshots: 4 };
  const store = await withRemoved({ policy });
  const { snapshots } = store;
  const cycle = async (caller: number) => {
    for (let n = 0; n < 25; n++) {
      const [key, name] = [`default/1/${caller}-${n}`, `default/2/${caller}-${n}`];
      right(await snapshots.prepare(prepare(key), actor));
      right(await snapshots.commit(commit(key, name), actor));
      right(await snapshots.prepare(prepare(key, name), actor));
      right(await snapshots.remove(remove(key), actor));
      right(await snapshots.remove(remove(name), actor));
    }
  };
  await Promise.all([removeAll(store), ...Array.from({ length: 8 }, (_, caller) => cycle(caller))]);
  await store.journal.settled();
  const { most, ended } = historyOf(store);
  assert.is(most, 4);
  assert.is(ended.length, 8 * 25 + 3 - 4);
  const removed = store.durable().flatMap(({ event }) => {
    return event.type === 'SnapshotRemoved' && event.data.retained ? [event.data.id] : [];
  });
  assert.equal(ended, removed.slice(0, ended.length), 'oldest first');
  await snapshots.cleanup();
  assert.equal(volumes(store), removed.slice(-4).map(String).sort());
});

test('a start with a lower maximum evicts the oldest', async () => {
  const store = await withRemoved();
  await removeAll(store);
  await store.close('SIGTERM');
  const service = { retention: { ...forever, maxSnapshots: 1 } };
  const again = await openMemoryStore({ service }, { kept: store.kept, driver: store.driver });
  await waitFor('two to be evicted', () => retained(again).length === 1);
  assert.equal(historyOf(again).ended, [3, 2]);
});

test('a removal that is rolled back evicts nothing', async () => {
  let failing = false;
  const flush = async () => {
    if (failing) throw full();
  };
  const store = await withRemoved({ policy: { ...forever, maxSnapshots: 2 }, flush });
  for (const key of [c, b]) right(await store.snapshots.remove(remove(key), actor));
  failing = true;
  assert.is((await caughtFault(store.snapshots.remove(remove(a), actor))).code, 'no-space');
  failing = false;
  assert.equal(retained(store), [2, 3]);
  right(await store.snapshots.remove(remove(a), actor));
  assert.equal(retained(store), [1, 2]);
});

const gigabyte: DiskSpace = { bytes: 1e9, totalBytes: 2e9, inodes: 1000, totalInodes: 1000 };

test('evicts when the disk lacks space or inodes, and not before', async () => {
  for (const short of [{ bytes: 3e8 }, { inodes: 10 }]) {
    let room = gigabyte;
    const policy = { ...forever, minFree: { fraction: 0.2 } };
    const store = await withRemoved({ policy, measureRoom: async () => room });
    await removeAll(store);
    assert.equal(retained(store), [1, 2, 3]);
    room = { ...room, ...short };
    await waitFor('retained layers to be evicted', () => retained(store).length < 3);
  }
});

test('a prepare, commit or update that lacks space evicts layers and is retried', async () => {
  for (const operation of ['create', 'freeze'] as const) {
    let store: MemoryStore | undefined;
    const before = (name: string) => {
      if (name === operation && store !== undefined && store.driver.volumes.size > 1) throw full();
    };
    const opened = await withRemoved({ before });
    await removeAll(opened);
    if (operation === 'freeze') right(await opened.snapshots.prepare(prepare('k'), actor));
    store = opened;
    if (operation === 'create') right(await opened.snapshots.prepare(prepare('k'), actor));
    else right(await opened.snapshots.commit(commit('k', 'n'), actor));
    assert.equal(retained(opened), []);
    assert.equal(
      listed(opened).map(({ key }) => key),
      [operation === 'create' ? 'k' : 'n'],
    );
  }
});

test('a lack of space waits for the purge of a removed active, and evicts nothing if that is enough', async () => {
  let store: MemoryStore | undefined;
  const before = (name: string) => {
    if (name === 'create' && store?.driver.volumes.has('4')) throw full();
  };
  const opened = await withRemoved({ before });
  await removeAll(opened);
  right(await opened.snapshots.prepare(prepare('active'), actor));
  right(await opened.snapshots.remove(remove('active'), actor));
  store = opened;
  right(await opened.snapshots.prepare(prepare('k'), actor));
  assert.equal(retained(opened), [1, 2, 3]);
});

test('a log that lacks space evicts layers and the event is recorded', async () => {
  let left = Number.POSITIVE_INFINITY;
  const flush = async () => {
    if (left > 0) return;
    left = Number.POSITIVE_INFINITY;
    throw full();
  };
  const store = await withRemoved({ flush });
  await removeAll(store);
  left = 0;
  right(await store.snapshots.prepare(prepare('k'), actor));
  assert.equal(retained(store), []);
});

test('a lack of space with nothing retained is reported', async () => {
  let failing = false;
  const before = (name: string) => {
    if (failing && name === 'create') throw full();
  };
  const store = await withRemoved({ before });
  failing = true;
  const error = await store.snapshots.prepare(prepare('k'), actor).catch((thrown) => thrown);
  assert.ok(error instanceof Fault);
  assert.is(error.code, 'no-space');
});

test('a lack of space waits once for the purges of earlier removals', async () => {
  for (const removed of [true, false]) {
    let waits = 0;
    let tries: number[] = [];
    const before = (name: string, id: number) => {
      if (name !== 'create') return;
      tries.push(id);
      if (id > 1 && (waits === 0 || id > 3)) throw full();
    };
    const reclaimSpace = async () => {
      waits += 1;
      return true;
    };
    const { snapshots, types } = await openMemoryStore({ before, reclaimSpace });
    right(await snapshots.prepare(prepare('first'), actor));
    if (removed) {
      right(await snapshots.remove(remove('first'), actor));
      await waitFor('the purge', () => types().includes('VolumePurged'));
    }
    tries = [];
    if (!removed) {
      assert.is((await caughtFault(snapshots.prepare(prepare('k'), actor))).code, 'no-space');
      assert.equal([tries, waits], [[2], 1]);
      continue;
    }
    right(await snapshots.prepare(prepare('k'), actor));
    assert.equal([tries, waits], [[2, 3], 1]);
    assert.is((await caughtFault(snapshots.prepare(prepare('more'), actor))).code, 'no-space');
    assert.equal([tries, waits], [[2, 3, 4, 5], 2]);
  }
});

test('a cleanup and an eviction resolve when the space is free', async () => {
  const operations: string[] = [];
  const before = (name: string) => {
    if (name === 'purge') operations.push(name);
  };
  const reclaimSpace = async () => {
    operations.push('reclaim');
    return true;
  };
  const store = await withRemoved({ before, reclaimSpace, policy: { ...forever, keep: 0 } });
  await removeAll(store);
  await waitFor('the end of retention', () => retained(store).length === 0);
  await store.snapshots.cleanup();
  assert.is(operations.at(-1), 'reclaim');
  assert.is(operations.filter((operation) => operation === 'purge').length, 3);
});

test('a failed flush is never retried', async () => {
  let failing = false;
  const before = (name: string) => {
    if (failing && name === 'flush') {
      failing = false;
      throw full();
    }
  };
  const store = await withRemoved({ before });
  await removeAll(store);
  right(await store.snapshots.prepare(prepare('k'), actor));
  failing = true;
  const committing = commit('k', 'n');
  const error = await store.snapshots.commit(committing, actor).catch((thrown) => thrown);
  assert.ok(error instanceof Fault);
  assert.equal(retained(store), [1, 2, 3]);
});

test('restore brings a layer back with its parents, by name or by id', async () => {
  for (const name of [b, '2']) {
    const store = await withRemoved();
    await removeAll(store);
    assert.equal(
      right(await store.restore(name)).map(({ key }) => key),
      [a, b],
    );
    assert.equal(
      listed(store)
        .map(({ key }) => key)
        .sort(),
      [a, b],
    );
    assert.equal(retained(store), [3]);
    assert.is(codeOf(await store.restore(name)), 'already-exists');
    assert.is(codeOf(await store.restore('nobody')), 'not-found');
    assert.equal(await adoptAll(store), [a, b, c]);
  }
});

test('restore is refused if the volume is gone', async () => {
  const store = await withRemoved();
  await removeAll(store);
  store.driver.volumes.delete('1');
  assert.is(codeOf(await store.restore('2')), 'failed-precondition');
  assert.equal(listed(store), []);
});

test('a retained layer still gets its writeback and its measurement', async () => {
  const store = await openMemoryStore({ service: { retention: forever, durability: 'background' } });
  right(await store.snapshots.prepare(prepare('default/1/e'), actor));
  const committing = commit('default/1/e', a);
  const [committed, removed] = await Promise.all([
    store.snapshots.commit(committing, actor),
    store.snapshots.remove(remove(a), actor),
  ]);
  right(committed);
  right(removed);
  const { volumes, usage } = store.journal.durable;
  await waitFor('the flush', () => store.journal.durable.volumes.retained.get(1)?.flushed === true);
  await waitFor('the measurement', () => store.journal.durable.usage.has(1));
  assert.ok(volumes.retained.has(1), String(usage.size));
});

test.after(closeMemoryStores);

test.run();
