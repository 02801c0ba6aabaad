import { setTimeout as pause } from 'node:timers/promises';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toRows } from '../../../projections/checkpoint-rows.ts';
import { emptyState, evolve, type State } from '../../../projections/state.ts';
import type { Journal } from '../../../src/app/store/journal.ts';
import type { Answer } from '../../../src/domain/commands.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { commit, prepare, remove, view } from '../../support/commands.ts';
import { deferred } from '../../support/deferred.ts';
import { closeMemoryStores, openMemoryStore } from '../../support/memory-store.ts';
import { speedUpTimers } from '../../support/speed-up-timers.ts';
import { waitFor } from '../../support/wait-for.ts';

speedUpTimers();
const test = suite('store');
const actor = { actor: 'containerd', namespace: 'default' };

async function replayOf({ log }: Pick<Journal, 'log'>): Promise<State> {
  let state = emptyState();
  for await (const envelopes of log.read(0)) state = envelopes.reduce(evolve, state);
  return state;
}

function right<T>(answer: Answer<T>): T {
  if (either.isLeft(answer)) throw new Error(`refused: ${answer.left.text}`);
  return answer.right;
}

const refusal = <T>(answer: Answer<T>) => (either.isLeft(answer) ? answer.left.code : 'accepted');
const full = () => new Fault('no-space', 'the disk is full', { hint: '' });
const broken = () => new Fault('io', 'EIO', { hint: '' });

test('a layer is prepared, committed, used as parent and removed', async () => {
  const { snapshots, types, journal, cleanup } = await opened();
  assert.equal(right(await snapshots.prepare(prepare('k1'), actor)), [
    { type: 'memory', source: 'memory/1', target: '', options: ['rw'] },
  ]);
  right(await snapshots.commit(commit('k1', 'base'), actor));
  assert.is(right(snapshots.stat('base')).kind, 'committed');
  assert.is(refusal(snapshots.stat('k1')), 'not-found');
  assert.equal(right(await snapshots.prepare(prepare('k2', 'base'), actor))[0]?.options, ['rw', 'parents=1']);
  assert.is(refusal(await snapshots.remove(remove('base'), actor)), 'failed-precondition');
  right(await snapshots.remove(remove('k2'), actor));
  right(await snapshots.remove(remove('base'), actor));
  await cleanup();
  assert.equal([...right(snapshots.list([]))], []);
  assert.equal(
    types().filter((type) => type.startsWith('Snapshot')),
    ['SnapshotPrepared', 'SnapshotCommitted', 'SnapshotPrepared', 'SnapshotRemoved', 'SnapshotRemoved'],
  );
  assert.is(journal.durable.volumes.pendingPurge.size, 0);
});

test('every event carries the actor, a derived id and a position without gap', async () => {
  const { snapshots, durable } = await opened();
  right(await snapshots.prepare(prepare('k1'), actor));
  const events = durable();
  assert.equal(
    events.map(({ position }) => position),
    events.map((_, index) => index + 1),
  );
  assert.is(new Set(events.map(({ id }) => id)).size, events.length);
  const last = events.at(-1);
  assert.is(last?.meta.namespace, 'default');
  assert.is(last?.meta.correlation, last?.id);
});

for (const fixedMounts of [true, false])
  test(`${fixedMounts ? '' : 'not '}fixed mounts are requested ${fixedMounts ? 'until' : 'whenever'} something changes`, async () => {
    let asked = 0;
    const before = (operation: string) => {
      if (operation === 'mounts') asked += 1;
    };
    const { snapshots } = await opened({ fixedMounts, before });
    right(await snapshots.prepare(prepare('k1'), actor));
    asked = 0;
    for (let time = 0; time < 3; time++) right(await snapshots.mounts('k1'));
    assert.is(asked, fixedMounts ? 1 : 3);
    right(await snapshots.update({ type: 'Update', key: 'k1', labels: { a: 'b' }, mask: [] }, actor));
    right(await snapshots.mounts('k1'));
    assert.is(asked, fixedMounts ? 2 : 4);
  });

test('mounts are returned only for actives and views', async () => {
  const { snapshots } = await opened();
  right(await snapshots.prepare(prepare('k1'), actor));
  right(await snapshots.commit(commit('k1', 'base'), actor));
  right(await snapshots.prepare(view('v', 'base'), actor));
  assert.equal(right(await snapshots.mounts('v'))[0]?.options, ['ro', 'parents=1']);
  assert.is(refusal(await snapshots.mounts('base')), 'failed-precondition');
  assert.is(refusal(await snapshots.mounts('nobody')), 'not-found');
});

test('labels are updated and filters find them', async () => {
  const { snapshots } = await opened();
  right(await snapshots.prepare(prepare('k1'), actor));
  right(await snapshots.prepare(prepare('k2'), actor));
  const updated = right(
    await snapshots.update({ type: 'Update', key: 'k1', labels: { a: 'b' }, mask: ['labels.a'] }, actor),
  );
  assert.equal(updated.labels, { a: 'b' });
  assert.equal([...right(snapshots.list(['labels.a==b']))], [updated]);
  assert.equal(right(snapshots.stat('k1')), updated);
  assert.is(refusal(snapshots.list(['labels.a==='])), 'invalid-argument');
  assert.is(refusal(await snapshots.update({ type: 'Update', key: 'no', labels: {}, mask: [] }, actor)), 'not-found');
});

test('usage of a committed snapshot is measured once, in the background, after the answer', async () => {
  let measured = 0;
  const { snapshots, driver, types } = await opened({
    before: (operation) => {
      if (operation === 'usage') measured += 1;
    },
  });
  right(await snapshots.prepare(prepare('k1'), actor));
  Object.assign(driver.volumes.get('1') ?? {}, { bytes: 4096, inodes: 2 });
  right(await snapshots.commit(commit('k1', 'base'), actor));
  assert.equal(right(await snapshots.usage('base')), { bytes: 4096, inodes: 2 });
  assert.equal(right(await snapshots.usage('base')), { bytes: 4096, inodes: 2 });
  await waitFor('the record', () => types().includes('UsageMeasured'));
  assert.is(measured, 1);
  right(await snapshots.prepare(view('v', 'base'), actor));
  assert.equal(right(await snapshots.usage('v')), { bytes: 0, inodes: 0 });
  assert.is(refusal(await snapshots.usage('nobody')), 'not-found');
});

test('usage of an active is measured at each request', async () => {
  const { snapshots, driver } = await opened();
  right(await snapshots.prepare(prepare('k1'), actor));
  assert.equal(right(await snapshots.usage('k1')), { bytes: 0, inodes: 1 });
  Object.assign(driver.volumes.get('1') ?? {}, { bytes: 8192 });
  assert.equal(right(await snapshots.usage('k1')), { bytes: 8192, inodes: 1 });
});

test('no answer is sent before its event is durable, and no read shows it', async () => {
  const { promise: held, resolve: release } = deferred();
  let flushed: Promise<void> | undefined;
  const { snapshots, journal } = await opened({ flush: async () => flushed });
  flushed = held;
  let answered = false;
  const answer = snapshots.prepare(prepare('k1'), actor).then((given) => {
    answered = true;
    return given;
  });
  await pause(20);
  assert.not(answered);
  assert.ok(journal.latest.index.has('k1'));
  assert.is(refusal(snapshots.stat('k1')), 'not-found');
  assert.is([...right(snapshots.list([]))].length, 0);
  release();
  right(await answer);
  assert.is(refusal(snapshots.stat('k1')), 'accepted');
});

test('requests that arrive while one flush runs share the next', async () => {
  const batches: number[] = [];
  const { snapshots } = await opened({
    flush: async (batch) => {
      batches.push(batch.length);
      await pause(5);
    },
  });
  await Promise.all(Array.from({ length: 50 }, (_, i) => snapshots.prepare(prepare(`k${i}`), actor)));
  assert.ok(batches.length <= 4, `batches ${batches}`);
});

test('concurrent prepares of one key create it once', async () => {
  const { snapshots } = await opened();
  const answers = await Promise.all([1, 2, 3].map(() => snapshots.prepare(prepare('k'), actor)));
  assert.equal(answers.map(refusal).sort(), ['accepted', 'already-exists', 'already-exists']);
});

test('a driver that fails a prepare: PrepareUndone, the error to the caller, the key free again', async () => {
  let failing = true;
  const { snapshots, types, driver, cleanup } = await opened({
    before: (operation) => {
      if (operation === 'create' && failing) throw broken();
    },
  });
  const refused = await caughtFault(snapshots.prepare(prepare('k1'), actor));
  assert.is(refused.code, 'io');
  assert.match(refused.message, 'EIO');
  assert.ok(types().includes('PrepareUndone'));
  assert.is(refusal(snapshots.stat('k1')), 'not-found');
  failing = false;
  right(await snapshots.prepare(prepare('k1'), actor));
  await cleanup();
  assert.equal([...driver.volumes.keys()], ['2']);
});

test('a full log that rejects a prepare at once leaves nothing, and removal still works', async () => {
  let isFull = false;
  const { snapshots, driver } = await opened({
    admit: (_, { reserve }) => {
      if (isFull && reserve !== true) throw full();
    },
  });
  right(await snapshots.prepare(prepare('k1'), actor));
  isFull = true;
  assert.is((await caughtFault(snapshots.prepare(prepare('k2'), actor))).code, 'no-space');
  assert.is((await caughtFault(snapshots.commit(commit('k1', 'n'), actor))).code, 'no-space');
  assert.is(right(snapshots.stat('k1')).kind, 'active');
  right(await snapshots.remove(remove('k1'), actor));
  await snapshots.cleanup();
  isFull = false;
  right(await snapshots.prepare(prepare('k3'), actor));
  assert.equal([...driver.volumes.keys()], ['2']);
});

test('a log that rolls events back: volumes are deleted, ids not reused, the store continues', async () => {
  let failing = false;
  const { snapshots, driver, journal } = await opened({
    flush: async () => {
      if (failing) throw full();
    },
  });
  right(await snapshots.prepare(prepare('k0'), actor));
  failing = true;
  const faults = await Promise.all(['a', 'b', 'c'].map((key) => caughtFault(snapshots.prepare(prepare(key), actor))));
  assert.equal(
    faults.map(({ code }) => code),
    ['no-space', 'no-space', 'no-space'],
  );
  assert.is(journal.rollbacks, 1);
  assert.equal([...driver.volumes.keys()], ['1']);
  failing = false;
  right(await snapshots.prepare(prepare('a'), actor));
  assert.is(right(snapshots.stat('a')).id, 5);
});

test('an undone prepare is recorded once, even if that takes longer than the pause before the next try', async () => {
  let failing = false;
  let purges = 0;
  const { snapshots, types } = await opened({
    flush: async () => {
      // The first retry comes after 25 ms here.
      if (!failing) return pause(100);
      failing = false;
      throw full();
    },
    before: (operation) => {
      if (operation === 'purge' && ++purges === 1) throw broken();
    },
  });
  failing = true;
  assert.is((await caughtFault(snapshots.prepare(prepare('k'), actor))).code, 'no-space');
  await waitFor('the purge', () => types().includes('VolumePurged'));
  assert.equal(
    types().filter((type) => type.startsWith('Prepare') || type.startsWith('Volume')),
    ['PrepareUndone', 'VolumePurged'],
  );
});

test('a log that rolls back an id and accepts another event: the durable state equals a replay', async () => {
  let failing = false;
  const { snapshots, journal } = await opened({
    flush: async () => {
      if (failing) throw full();
    },
  });
  right(await snapshots.prepare(prepare('k0'), actor));
  failing = true;
  await caughtFault(snapshots.prepare(prepare('a'), actor));
  failing = false;
  assert.equal([...toRows(journal.durable)], [...toRows(await replayOf(journal))]);
  right(await snapshots.remove(remove('k0'), actor));
  assert.equal([...toRows(journal.durable)], [...toRows(await replayOf(journal))]);
});

test('a log that fails with an unknown outcome stops: changes are refused, reads continue', async () => {
  let failing = false;
  const { snapshots, journal, driver } = await opened({
    flush: async () => {
      if (failing) throw broken();
    },
  });
  right(await snapshots.prepare(prepare('k1'), actor));
  failing = true;
  assert.is((await caughtFault(snapshots.prepare(prepare('k2'), actor))).code, 'io');
  failing = false;
  assert.is((await caughtFault(snapshots.remove(remove('k1'), actor))).code, 'stopped');
  assert.is(right(snapshots.stat('k1')).kind, 'active');
  assert.is(refusal(snapshots.stat('k2')), 'not-found');
  assert.not(journal.health.serving);
  assert.ok(driver.volumes.has('2'), 'the volume stays: the next start reads the log');
});

for (const step of ['flush', 'freeze'])
  test(`a driver that fails the ${step} of a commit: CommitUndone, the active is unchanged`, async () => {
    let failing = true;
    const { snapshots, types, driver } = await opened({
      before: (operation) => {
        if (operation === step && failing) throw broken();
      },
    });
    right(await snapshots.prepare(prepare('k1'), actor));
    assert.is((await caughtFault(snapshots.commit(commit('k1', 'n'), actor))).code, 'io');
    await waitFor('the record', () => types().includes('CommitUndone'));
    assert.is(right(snapshots.stat('k1')).kind, 'active');
    assert.not(driver.volumes.get('1')?.frozen);
    failing = false;
    right(await snapshots.commit(commit('k1', 'n'), actor));
  });

test('a rebase continues if the removal of its parent is rolled back while the layer is frozen', async () => {
  const { promise: held, resolve: release } = deferred();
  let failing = false;
  let removing: Promise<unknown> = Promise.resolve();
  const begin = { removal: () => {} };
  const { snapshots, journal, driver } = await opened({
    before: (operation) => {
      if (operation === 'freeze') begin.removal();
    },
    flush: async () => {
      if (!failing) return;
      await held;
      throw full();
    },
  });
  right(await snapshots.prepare(prepare('k1'), actor));
  right(await snapshots.commit(commit('k1', 'base'), actor));
  right(await snapshots.prepare(prepare('k2'), actor));
  await waitFor('the drop of the active', () => driver.volumes.get('1')?.kind === 'committed');
  await journal.settled();
  begin.removal = () => {
    failing = true;
    removing = caughtFault(snapshots.remove(remove('base'), actor));
    setTimeout(() => {
      failing = false;
      release();
    }, 50);
  };
  const rebased = await snapshots.commit({ ...commit('k2', 'top'), parent: 'base' }, actor);
  assert.is((await removing) instanceof Fault, true);
  assert.is(refusal(rebased), 'accepted');
  assert.is(right(snapshots.stat('top')).parent, 'base');
  const volume = driver.volumes.get('2');
  assert.ok(volume?.frozen === true || volume?.kind === 'committed');
});

test('a log that rejects a commit: the layer is unfrozen and the active stays writable', async () => {
  let failing = false;
  const { snapshots, driver } = await opened({
    flush: async () => {
      if (failing) throw full();
    },
  });
  right(await snapshots.prepare(prepare('k1'), actor));
  failing = true;
  assert.is((await caughtFault(snapshots.commit(commit('k1', 'n'), actor))).code, 'no-space');
  assert.not(driver.volumes.get('1')?.frozen);
  failing = false;
  right(await snapshots.commit(commit('k1', 'n'), actor));
});

test('an undo that fails is logged in one form and retried', async () => {
  let freezeFails = true;
  let unfreezes = 0;
  const { snapshots, said } = await opened({
    before: (operation) => {
      if (operation === 'freeze' && freezeFails) throw broken();
      if (operation === 'unfreeze' && ++unfreezes === 1) throw new Fault('io', 'still broken', { hint: '' });
    },
  });
  right(await snapshots.prepare(prepare('k1'), actor));
  await caughtFault(snapshots.commit(commit('k1', 'n'), actor));
  freezeFails = false;
  const [line] = said.filter(({ message }) => message === 'undo failed');
  assert.equal(line?.fields, {
    operation: 'commit',
    id: 1,
    key: 'k1',
    path: 'snapshots/1',
    error: 'still broken',
    because: 'EIO',
  });
  await waitFor('the retry', () => unfreezes > 1);
  assert.is(unfreezes, 2);
});

test('background durability: the commit is answered first, its flush is recorded when done', async () => {
  const { promise: held, resolve: release } = deferred();
  const { snapshots, journal, types, durable } = await opened({
    service: { durability: 'background' },
    before: (operation) => (operation === 'flush' ? held : undefined),
  });
  right(await snapshots.prepare(prepare('k1'), actor));
  right(await snapshots.commit(commit('k1', 'n'), actor));
  const committed = durable().find(({ event }) => event.type === 'SnapshotCommitted')?.event;
  assert.ok(committed?.type === 'SnapshotCommitted' && !committed.data.flushed);
  assert.not(journal.durable.volumes.wanted.get(1)?.flushed);
  release();
  await waitFor('the flush', () => types().includes('VolumeFlushed'));
  assert.ok(journal.durable.volumes.wanted.get(1)?.flushed);
});

test('a clean stop flushes background commits, and is not recorded if that fails', async () => {
  for (const [flush, last] of [
    [() => undefined, ['VolumeFlushed', 'StoreClosed']],
    [() => Promise.reject(broken()), []],
  ] as const) {
    const store = await opened({
      service: { durability: 'background' },
      before: (operation) => (operation === 'flush' ? flush() : undefined),
    });
    right(await store.snapshots.prepare(prepare('k1'), actor));
    right(await store.snapshots.commit(commit('k1', 'n'), actor));
    await store.close('test');
    assert.equal(
      store.types().filter((type) => type === 'VolumeFlushed' || type === 'StoreClosed'),
      last,
    );
  }
});

test('a purge that fails is reported and retried, and cleanup does not wait without limit', async () => {
  let failures = 0;
  const { snapshots, driver, said } = await opened({
    before: (operation) => {
      if (operation === 'purge' && ++failures === 1) throw broken();
    },
  });
  right(await snapshots.prepare(prepare('k1'), actor));
  right(await snapshots.remove(remove('k1'), actor));
  await snapshots.cleanup();
  assert.ok(said.some(({ message, fields }) => message === 'purge failed' && fields.id === 1));
  await waitFor('the retry', () => driver.volumes.size === 0);
});

test('a synchronous removal answers when the volume is gone', async () => {
  const { snapshots, driver } = await opened({ service: { removal: 'sync' } });
  right(await snapshots.prepare(prepare('k1'), actor));
  right(await snapshots.remove(remove('k1'), actor));
  assert.is(driver.volumes.size, 0);
});

test('a failed dropActive keeps the commit and is retried', async () => {
  let finishes = 0;
  const { snapshots, said } = await opened({
    before: (operation) => {
      if (operation === 'dropActive' && ++finishes === 1) throw broken();
    },
  });
  right(await snapshots.prepare(prepare('k1'), actor));
  right(await snapshots.commit(commit('k1', 'n'), actor));
  assert.is(right(snapshots.stat('n')).kind, 'committed');
  await waitFor('the retry', () => finishes > 1);
  assert.is(finishes, 2);
  assert.ok(said.some(({ message }) => message === 'active not dropped'));
});

async function opened(...options: Parameters<typeof openMemoryStore>) {
  const store = await openMemoryStore(...options);
  const cleanup = async () => {
    await store.snapshots.cleanup();
    await waitFor('the purges to be recorded', () => store.journal.durable.volumes.pendingPurge.size === 0);
  };
  return { ...store, cleanup };
}

test.after(closeMemoryStores);

test.run();
