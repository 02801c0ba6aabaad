import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { evolve, initialState } from '../../../projections/state.ts';
import { countUnlike, isAccounted } from '../../../src/app/reconcile/match-ids.ts';
import type { Found } from '../../../src/ports/volume-driver.ts';
import { committed, enveloped, prepared, removed } from '../../support/sample-events.ts';

const test = suite('app/reconcile/match-ids');
const likeOverlay = { occupies: ({ kind }: { kind: string }) => kind !== 'view' };
const base = { name: 'base', id: 1 };
const events = [prepared(1, 'k1'), committed(1, 'k1', 'base'), prepared(2, 'k2', base)];
const state = enveloped(events).reduce(evolve, initialState);
const numbers = (...ids: number[]) => ({ ids: Float64Array.from(ids), unknownEntries: 0 });

test('the volumes are accounted for where exactly the wanted ones are there', () => {
  for (const [ids, accounted] of [
    [[1, 2], true],
    [[2, 1], true],
    [[1], false],
    [[1, 2, 3], false],
    [[1, 3], false],
  ] as const)
    assert.is(isAccounted(state, likeOverlay, numbers(...ids)), accounted, String(ids));
  assert.not(isAccounted(state, likeOverlay, { ...numbers(1, 2), unknownEntries: 1 }));
});

test('a volume that waits for its purge is not accounted for', () => {
  const removing = enveloped([...events, removed(2, 'k2')]).reduce(evolve, initialState);
  assert.not(isAccounted(removing, likeOverlay, numbers(1, 2)));
});

const found = (id: number | null, parts: Partial<Found>): Found => ({
  path: `snapshots/${id}`,
  id,
  layer: true,
  complete: true,
  frozen: false,
  writable: false,
  ...parts,
});

for (const [what, volume, count] of [
  ['a whole layer', found(1, {}), 0],
  ['a layer without what an active needs', found(1, { complete: false }), 0],
  ['a layer that is gone', found(1, { layer: false, complete: false }), 1],
  ['a layer beside its active', found(1, { frozen: true }), 1],
  ['a layer that is not frozen', found(1, { writable: true }), 1],
  ['an active without a part', found(2, { complete: false }), 1],
  ['an active that a btrfs driver finds', found(2, { writable: true }), 0],
  ['what is not wanted', found(7, { layer: false }), 0],
  ['what has no number', found(null, { layer: false }), 0],
] as const)
  test(`${what} is ${count === 0 ? 'nothing to look at' : 'for the reconciler to look at'}`, async () => {
    assert.is(await countUnlike(state, likeOverlay, [volume]), count);
  });

test.run();
