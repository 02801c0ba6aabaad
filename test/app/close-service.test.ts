import { setTimeout as pause } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../src/ports/fault.ts';
import { heldUp } from '../support/held-up.ts';
import { closeMemoryStores, openMemoryStore } from '../support/memory-store.ts';
import { waitFor } from '../support/wait-for.ts';

const test = suite('app/service, its end');
const actor = { actor: 'containerd', namespace: 'default' };
const prepare = { type: 'Prepare', key: 'k1', parent: '', kind: 'active', labels: {} } as const;
const commit = { type: 'Commit', key: 'k1', name: 'base', parent: '', labels: {} } as const;

test('nothing is recorded after it: what is measured later is measured by the next start', async () => {
  const { held, release } = heldUp();
  const store = await openMemoryStore({ before: (deed) => (deed === 'usage' ? held : undefined) });
  await store.snapshots.prepare(prepare, actor);
  await store.snapshots.commit(commit, actor);
  const measured = store.snapshots.usage('base');
  await store.close('test');
  release();
  await measured;
  assert.is(store.types().at(-1), 'StoreClosed');
  assert.not(store.types().includes('UsageMeasured'));
  assert.throws(
    () => store.journal.record([{ type: 'StoreClosed', data: { reason: 'again' } }], { actor }),
    (error: unknown) => error instanceof Fault && error.code === 'stopped',
  );
  const next = await openMemoryStore({}, { kept: store.kept, driver: store.driver });
  await waitFor('the usage to be measured', () => next.types().includes('UsageMeasured'));
});

test('what is just being tried again ends before it', async () => {
  const { held, release } = heldUp();
  let tries = 0;
  const store = await openMemoryStore({
    before: (deed) => {
      if (deed !== 'purge') return;
      tries += 1;
      if (tries === 1) throw new Fault('io', 'EIO', { hint: '' });
      return held;
    },
  });
  await store.snapshots.prepare(prepare, actor);
  await store.snapshots.remove({ type: 'Remove', key: 'k1' }, actor);
  await waitFor('the purge to be tried again', () => tries === 2);
  const closing = store.close('test');
  await pause(100);
  assert.not(store.types().includes('StoreClosed'));
  release();
  await closing;
  assert.equal(store.types().slice(-2), ['VolumePurged', 'StoreClosed']);
});

test.after(closeMemoryStores);

test.run();
