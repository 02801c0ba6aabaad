import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../../src/ports/fault.ts';
import { prepare } from '../../support/commands.ts';
import { deferred } from '../../support/deferred.ts';
import { closeMemoryStores, openMemoryStore } from '../../support/memory-store.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('rollback');
const actor = { actor: 'containerd', namespace: 'default' };
const full = () => new Fault('no-space', 'ENOSPC', { hint: '' });

/** A log without space for the prepare of one key. */
const fullFor = (key: string) => ({
  flush: async (batch: readonly { readonly event: { readonly type: string; readonly data: object } }[]) => {
    for (const { event } of batch)
      if (event.type === 'SnapshotPrepared' && 'key' in event.data && event.data.key === key) throw full();
  },
});

test('delays a new id until the volume of the rolled-back one is gone', async () => {
  const order: string[] = [];
  const { promise: purging, resolve: goOn } = deferred();
  const { snapshots, driver, journal } = await openMemoryStore({
    ...fullFor('k1'),
    before: async (operation, id) => {
      order.push(`${operation} ${id}`);
      if (operation === 'purge') await purging;
    },
  });
  const first = snapshots.prepare(prepare('k1'), actor).catch((error: Fault) => error.code);
  await waitFor('the undo', () => order.includes('purge 1'));
  const second = snapshots.prepare(prepare('k2'), actor);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.is(journal.latest.index.size, 0, 'nothing is taken while the volume is there');
  goOn();
  assert.is(await first, 'no-space');
  await second;
  assert.equal(order.slice(-2), ['create 2', 'mounts 2']);
  assert.equal([...driver.volumes.keys()], ['2']);
});

test('records a volume that cannot be deleted, so that a crash leaves nothing unexplained', async () => {
  const stubborn = await openMemoryStore({
    ...fullFor('k1'),
    before: (operation, id) => {
      if (operation === 'purge' && id === 1) throw new Fault('io', 'EIO', { hint: '' });
    },
  });
  const { snapshots, kept, driver, said, durable } = stubborn;
  assert.is(await snapshots.prepare(prepare('k1'), actor).catch((error: Fault) => error.code), 'no-space');
  assert.equal(said.find(({ message }) => message === 'undo failed')?.fields, {
    operation: 'prepare',
    id: 1,
    key: 'k1',
    path: 'snapshots/1',
    error: 'EIO',
    because: 'ENOSPC',
  });
  const undone = durable().find(({ event }) => event.type === 'PrepareUndone');
  assert.equal(undone?.event.data, {
    id: 1,
    key: 'k1',
    step: 'append',
    error: 'ENOSPC',
    left: 'snapshots/1',
    done: 'purge',
  });
  await snapshots.prepare(prepare('k2'), actor);
  assert.equal([...driver.volumes.keys()], ['1', '2']);
  const again = await openMemoryStore({}, { kept: [...kept], driver });
  assert.equal(
    again.recovered.actions.map(({ type, id }) => [type, id]),
    [['purge', 1]],
  );
  await again.snapshots.cleanup();
  assert.equal([...again.driver.volumes.keys()], ['2']);
  assert.is(again.driver.quarantined.size, 0);
});

test('does not assign the id of such a volume again, even after an immediate crash', async () => {
  const { snapshots, kept, driver } = await openMemoryStore({
    ...fullFor('k1'),
    before: (operation, id) => {
      if (operation === 'purge' && id === 1) throw new Fault('io', 'EIO', { hint: '' });
    },
  });
  await snapshots.prepare(prepare('k1'), actor).catch(() => {});
  const again = await openMemoryStore({}, { kept: [...kept], driver });
  await again.snapshots.prepare(prepare('k1'), actor);
  assert.is(again.journal.durable.index.get('k1')?.id, 2);
});

test('records that later if the log has no space for it either', async () => {
  let room = false;
  let purges = 0;
  const { snapshots, said, types } = await openMemoryStore({
    flush: async (batch) => {
      if (!room && batch.some(({ event: { type } }) => /Prepare/.test(type))) throw full();
    },
    before: (operation) => {
      if (operation === 'purge' && ++purges === 1) throw new Fault('io', 'EIO', { hint: '' });
    },
  });
  await snapshots.prepare(prepare('k1'), actor).catch(() => {});
  room = true;
  await waitFor('the undo to be retried', () => said.some(({ message }) => message === 'undo: succeeded'));
  await waitFor('the purge', () => types().includes('VolumePurged'));
  assert.equal(types().slice(-2), ['PrepareUndone', 'VolumePurged']);
  assert.is(purges, 2);
});

test.after(closeMemoryStores);

test.run();
