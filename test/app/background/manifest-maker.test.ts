import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Manifests } from '../../../src/ports/layers.ts';
import { commit, prepare, remove } from '../../support/commands.ts';
import { closeMemoryStores, type MemoryStore, openMemoryStore } from '../../support/memory-store.ts';
import { speedUpTimers } from '../../support/speed-up-timers.ts';
import { waitFor } from '../../support/wait-for.ts';

speedUpTimers();
const test = suite('manifests');
const actor = { actor: 'containerd' };
const retention = { keep: 1e9, maxBytes: 1e12, maxSnapshots: 1e6, minFree: { bytes: 0 } };

/** Manifests in memory; `failing` is the id of the one that can't be created. */
function manifestsWith(known: readonly number[] = [], failing = 0) {
  const made = new Set(known);
  const manifests: Manifests = {
    known: () => [...made],
    make: async ({ id }) => {
      if (id === failing) throw new Error('a file cannot be read');
      made.add(id);
    },
    drop: (id) => void made.delete(id),
    close: async () => {},
  };
  return { manifests, made: () => [...made].sort() };
}

async function commitLayers({ snapshots }: MemoryStore, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await snapshots.prepare(prepare(`k-${name}`), actor);
    const answer = await snapshots.commit(commit(`k-${name}`, name), actor);
    assert.ok(either.isRight(answer));
  }
}

test('are created for each committed layer, also if retained, and deleted when it is purged', async () => {
  const { manifests, made } = manifestsWith();
  const store = await openMemoryStore({ manifests, service: { retention } });
  await commitLayers(store, ['a', 'b']);
  await store.snapshots.prepare(prepare('active', 'a'), actor);
  await store.snapshots.remove(remove('b'), actor);
  await waitFor('both', () => made().length === 2);
  assert.equal(made(), [1, 2]);
  const data = { id: 2, key: 'b', why: 'test' };
  await store.journal.record([{ type: 'RetentionEnded', data }], { actor });
  await waitFor('the purge', () => made().length === 1);
  assert.equal(made(), [1]);
});

test('missing ones are created at a start, stray ones deleted', async () => {
  const first = await openMemoryStore();
  await commitLayers(first, ['a', 'b']);
  await first.close('in order');
  const { manifests, made } = manifestsWith([1, 7]);
  await openMemoryStore({ manifests }, { kept: first.kept, driver: first.driver });
  assert.equal(made(), [1]);
  await waitFor('the missing one', () => made().length === 2);
});

test('a failure is logged and does not stop the others', async () => {
  const { manifests, made } = manifestsWith([], 1);
  const store = await openMemoryStore({ manifests });
  await commitLayers(store, ['a', 'b']);
  await waitFor('the other', () => made().length === 1);
  assert.equal(made(), [2]);
  const [warning] = store.said.filter(({ message }) => message.startsWith('manifest not created'));
  assert.equal(warning?.fields, { id: 1, error: 'a file cannot be read' });
});

test.after(closeMemoryStores);

test.run();
