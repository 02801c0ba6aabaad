import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyState, evolve } from '../../../projections/state.ts';
import { createMemoryDriver } from '../../../src/adapters/volume-driver/memory-driver.ts';
import { planFor } from '../../../src/app/reconcile/plan.ts';
import { enveloped, prepared } from '../../support/sample-events.ts';

const test = suite('app/reconcile/reconcile');
const state = enveloped([prepared(1, 'k1')]).reduce(evolve, emptyState());
const there = (id: number) => ({ path: `${id}`, id, layer: true, complete: true, frozen: false, writable: false });

test('a scan that was begun before stands for a new one', async () => {
  const driver = createMemoryDriver();
  const names = (actions: Awaited<ReturnType<typeof planFor>>) => actions.map(({ type, id }) => `${type} ${id}`);
  assert.equal(names(await planFor(() => state, driver, null)), ['declare-lost 1']);
  assert.equal(names(await planFor(() => state, driver, null, Promise.resolve([there(1)]))), []);
});

test('only what is newer than the log is looked at more closely', async () => {
  const looked: (number | null)[] = [];
  const driver = {
    ...createMemoryDriver(),
    isPristine: async ({ id }: { readonly id: number | null }) => looked.push(id) > 0,
  };
  const actions = await planFor(() => state, driver, null, Promise.resolve([there(1), there(2)]));
  assert.equal(looked, [2]);
  assert.equal(
    actions.map(({ type, id }) => `${type} ${id}`),
    ['discard 2'],
  );
});

test.run();
