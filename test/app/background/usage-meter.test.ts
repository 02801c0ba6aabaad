import * as either from 'fp-ts/lib/Either.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Fault } from '../../../src/ports/fault.ts';
import { commit, prepare } from '../../support/commands.ts';
import { deferred } from '../../support/deferred.ts';
import { closeMemoryStores, type MemoryStore, openMemoryStore } from '../../support/memory-store.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('usage meter');
test.after(closeMemoryStores);

const actor = { actor: 'containerd', namespace: 'default' };

/** Asks for the usage of the active, until a signal is aborted. */
const ask = async ({ snapshots }: MemoryStore, ended?: AbortSignal) => snapshots.usage('k', ended && { ended });

/** A store with an active whose measurements wait for the test, and their outcomes. */
async function measured() {
  const { promise: held, resolve: release } = deferred();
  const ended: string[] = [];
  let begun = 0;
  const store = await openMemoryStore({
    before: (operation, _id, signal) => {
      if (operation !== 'usage') return;
      begun += 1;
      signal?.addEventListener('abort', () => ended.push('left'), { once: true });
      return held;
    },
  });
  await store.snapshots.prepare(prepare('k'), actor);
  return { store, release, ended, begun: () => begun };
}

const refused = (asked: Promise<unknown>) =>
  asked.then(
    () => assert.unreachable(),
    (error: Fault) => assert.is(error.code, 'stopped'),
  );

test('a walk ends when the last client hangs up, and starts again for the next one', async () => {
  const { store, release, ended, begun } = await measured();
  const [first, second] = [new AbortController(), new AbortController()];
  const asked = [first, second].map(({ signal: ended }) => ask(store, ended));
  await waitFor('the walk', () => begun() === 1);
  const gone = new Error('gone');
  first.abort(gone);
  await asked[0]?.catch((error: unknown) => assert.is(error, gone));
  assert.equal(ended, []);
  second.abort(gone);
  await asked[1]?.catch((error: unknown) => assert.is(error, gone));
  assert.equal(ended, ['left']);
  const again = ask(store);
  release();
  assert.is((await again)._tag, 'Right');
  assert.is(begun(), 2);
});

test('a walk continues while one client waits', async () => {
  const { store, release, begun } = await measured();
  const leaving = new AbortController();
  const asked = [ask(store, leaving.signal), ask(store)] as const;
  leaving.abort(new Error('gone'));
  await asked[0].catch(() => {});
  release();
  assert.is((await asked[1])._tag, 'Right');
  assert.is(begun(), 1);
});

test('clients that wait for a walk are answered when the store stops', async () => {
  const { store, ended } = await measured();
  const asked = refused(ask(store));
  store.halt();
  await asked;
  await refused(ask(store));
  await store.close('test');
  assert.is(store.types().at(-1), 'StoreClosed');
  assert.equal(ended, ['left']);
});

test('layers are measured sixteen at a time once commits pause, and recorded', async () => {
  const { store, release, begun } = await measured();
  for (let n = 0; n < 20; n++) {
    await store.snapshots.prepare(prepare(`extract-${n}`), actor);
    await store.snapshots.commit(commit(`extract-${n}`, `layer-${n}`), actor);
  }
  await waitFor('the first measurements', () => begun() > 0);
  await new Promise((resolve) => setImmediate(resolve));
  assert.is(begun(), 16);
  release();
  await waitFor('all to be recorded', () => store.types().filter((type) => type === 'UsageMeasured').length === 20);
  assert.is(begun(), 20);
  assert.equal(
    store.snapshots.usage('layer-0'),
    either.right({ bytes: 0, inodes: 1 }),
    'what was recorded is answered at once',
  );
});

test.run();
