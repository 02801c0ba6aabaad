import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Fault } from '../../../src/ports/fault.ts';
import { commit, prepare } from '../../support/commands.ts';
import { closeMemoryStores, openMemoryStore } from '../../support/memory-store.ts';
import { waitFor } from '../../support/wait-for.ts';

const test = suite('late undo');
const actor = { actor: 'containerd', namespace: 'default' };

test('does not unfreeze a layer that was committed in the meantime', async () => {
  const operations: string[] = [];
  const { snapshots, said } = await openMemoryStore({
    before: (operation) => {
      const again = operations.includes(operation);
      operations.push(operation);
      if ((operation === 'freeze' || operation === 'unfreeze') && !again) throw new Fault('io', 'EIO', { hint: '' });
    },
  });
  await snapshots.prepare(prepare('k1'), actor);
  await snapshots.commit(commit('k1', 'base'), actor).catch(() => {});
  assert.ok(either.isRight(await snapshots.commit(commit('k1', 'base'), actor)));
  await waitFor('the undo to be retried', () => said.some(({ message }) => message === 'undo: succeeded'));
  assert.is(operations.filter((operation) => operation === 'unfreeze').length, 1);
});

test.after(closeMemoryStores);

test.run();
