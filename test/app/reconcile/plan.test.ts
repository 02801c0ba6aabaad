import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { emptyState, evolve } from '../../../projections/state.ts';
import { createMemoryDriver } from '../../../src/adapters/volume-driver/memory-driver.ts';
import { type FoundVolume, plan, planFor } from '../../../src/app/reconcile/plan.ts';
import { type Crash, wantedOf } from '../../../src/app/reconcile/wanted.ts';
import { stagedLabel } from '../../../src/domain/staging.ts';
import type { Volume } from '../../../src/ports/volume-driver.ts';
import {
  committed,
  committedEmpty,
  emptyLayer,
  enveloped,
  oneOfEach,
  prepared,
  removed,
  viewed,
} from '../../support/sample-events.ts';

const test = suite('reconcile plan');

const likeOverlay = { occupies: ({ kind }: Pick<Volume, 'kind'>) => kind !== 'view' };
const base = { name: 'base', id: 1 };
const top = { name: 'top', id: 2 };
const chain = [
  prepared(1, 'k1'),
  committed(1, 'k1', 'base'),
  prepared(2, 'k2', base),
  committed(2, 'k2', 'top', base),
  prepared(3, 'k3', top),
  viewed(4, 'v4', top),
];

const there = (id: number | null, more: Partial<FoundVolume> = {}): FoundVolume => ({
  path: `snapshots/${id ?? 'stray'}`,
  id,
  layer: true,
  complete: true,
  frozen: false,
  writable: false,
  pristine: false,
  ...more,
});

function planned(events: readonly Event[], found: readonly FoundVolume[], crash: Crash | null = null) {
  const state = enveloped(events).reduce(evolve, emptyState());
  return plan(wantedOf(state, likeOverlay, crash), found).map(({ type, id, why }) => ({ type, id, why }));
}

const powerCut: Crash = { since: 0, powerCut: true };

const killed = (since: number): Crash => ({ since, powerCut: false });

const names = (actions: readonly { type: string; id: number | null }[]) =>
  actions.map(({ type, id }) => `${type} ${id}`);

test('is empty if the disk holds what the log says', () => {
  assert.equal(planned(chain, [there(1), there(2), there(3)]), []);
});

const nothing = [prepared(1, 'k1'), committedEmpty(1, 'k1', 'base')];
const retainedAs = (id: number, key: string): Event => ({
  type: 'SnapshotRemoved',
  data: {
    ...{ id, key, kind: 'committed', parent: '', parentId: null, labels: {} },
    ...{ created: 0n, updated: 0n, retained: true },
  },
});
const nothingRetained = [...nothing, retainedAs(1, 'base')];
for (const [about, events] of Object.entries({ 'an empty layer': nothing, 'a retained one': nothingRetained }))
  test(`${about} is created again if it is missing, and after a power cut if it differs; nothing on it is lost`, () => {
    const child = [...events, prepared(2, 'k2', events === nothing ? base : null)];
    const [active, half] = [there(2), there(1, { layer: false })];
    for (const found of [[active], [half, active], [there(1, { altered: true }), active]])
      for (const crash of [null, killed(9), powerCut])
        assert.equal(names(planned(child, found, crash)), ['recreate 1']);
    assert.equal(planned(child, [there(1), active], powerCut), []);
  });

test('an empty layer that was removed is not created again', () => {
  const gone = [...nothing, removed(1, 'base')];
  assert.equal(names(planned(gone, [], powerCut)), ['purge 1']);
});

test('an empty layer is compared with its description after a power cut only', async () => {
  const state = enveloped(nothing).reduce(evolve, emptyState());
  for (const [described, actions] of [
    [undefined, ['recreate 1']],
    [{ ...emptyLayer, mtime: 1n }, ['recreate 1']],
    [{ ...emptyLayer }, []],
  ] as const) {
    const driver = { ...createMemoryDriver(), describeEmpty: () => described };
    assert.equal(names(await planFor(() => state, driver, powerCut, Promise.resolve([there(1)]))), actions);
    assert.equal(names(await planFor(() => state, driver, killed(9), Promise.resolve([there(1)]))), []);
  }
});

test('a view without a volume is not lost', () => {
  assert.equal(planned([...chain.slice(0, 4), viewed(4, 'v4', top)], [there(1), there(2)]), []);
});

const staged: Event = {
  type: 'SnapshotPrepared',
  data: { id: 1, key: 'k1', kind: 'active', parent: '', parentId: null, labels: { [stagedLabel]: '9' } },
};
for (const [about, crash] of Object.entries({ kill: killed(0), 'power cut': { since: 0, powerCut: true }, stop: null }))
  test(`a staged active whose copy is not in place is undone, and never recreated empty, after a ${about}`, () => {
    assert.equal(names(planned([staged], [there(1, { layer: false, complete: false })], crash)), ['undo-prepare 1']);
    assert.equal(names(planned([staged], [], crash)), ['undo-prepare 1']);
    assert.equal(names(planned([staged], [there(1)], crash)), []);
  });

test('a removed snapshot is purged, whether its volume exists or not', () => {
  const events = [prepared(1, 'k1'), removed(1, 'k1')];
  assert.equal(planned(events, [there(1)]), [{ type: 'purge', id: 1, why: 'removed at position 2' }]);
  assert.equal(names(planned(events, [])), ['purge 1']);
});

test('a vanished committed layer is declared lost with its descendants, children first', () => {
  const actions = planned(chain, [there(2), there(3)]);
  assert.equal(names(actions), [
    'declare-lost 4',
    'declare-lost 3',
    'declare-lost 2',
    'declare-lost 1',
    'quarantine 2',
    'quarantine 3',
  ]);
  assert.match(actions[3]?.why ?? '', 'is not on the disk any more');
  assert.match(actions[2]?.why ?? '', 'its parent base is lost');
});

test('a vanished layer in the middle does not affect its parents', () => {
  assert.equal(names(planned(chain, [there(1), there(3)])), [
    'declare-lost 4',
    'declare-lost 3',
    'declare-lost 2',
    'quarantine 3',
  ]);
});

test('an active of the crashed session without a later event is recreated', () => {
  assert.equal(names(planned([prepared(1, 'k1')], [], killed(0))), ['recreate 1']);
});

test('a vanished active of an earlier session, or with a later event, is lost', () => {
  assert.equal(names(planned([prepared(1, 'k1')], [], killed(1))), ['declare-lost 1']);
  assert.equal(names(planned([prepared(1, 'k1')], [], null)), ['declare-lost 1']);
  const spoken: Event = { type: 'SnapshotUpdated', data: { id: 1, key: 'k1', before: {}, after: {} } };
  assert.equal(names(planned([prepared(1, 'k1'), spoken], [], killed(0))), ['declare-lost 1']);
});

test('an active without one of its parts is completed', () => {
  assert.equal(names(planned([prepared(1, 'k1')], [there(1, { complete: false })])), ['complete 1']);
});

test('a committed layer needs only its content', () => {
  assert.equal(planned(chain.slice(0, 2), [there(1, { complete: false })]), []);
});

test('a committed snapshot with only a writable volume is lost', () => {
  const actions = planned(chain.slice(0, 2), [there(1, { writable: true })]);
  assert.equal(names(actions), ['declare-lost 1', 'quarantine 1']);
  assert.match(actions[0]?.why ?? '', 'frozen layer');
  assert.equal(planned([prepared(1, 'k1')], [there(1, { writable: true })]), []);
});

test('a directory whose name is no id is quarantined', () => {
  const actions = planned([], [there(null, { pristine: true })]);
  assert.equal(names(actions), ['quarantine null']);
  assert.match(actions[0]?.why ?? '', 'no snapshot id');
});

test('an empty volume above the last id is discarded', () => {
  assert.equal(names(planned([prepared(1, 'k1')], [there(1), there(2, { pristine: true })])), ['discard 2']);
});

test('a written volume above the last id is quarantined: the log may be an older copy', () => {
  const actions = planned([prepared(1, 'k1')], [there(1), there(2)]);
  assert.equal(names(actions), ['quarantine 2']);
  assert.match(actions[0]?.why ?? '', 'older copy');
});

test('an unexplained volume of a used id is quarantined, even if empty', () => {
  const purged: Event = { type: 'VolumePurged', data: { id: 1, why: 'removed', bytes: 0 } };
  assert.equal(names(planned([prepared(1, 'k1'), removed(1, 'k1'), purged], [there(1, { pristine: true })])), [
    'quarantine 1',
  ]);
});

test('a frozen layer without a commit is undone, a commit with a remaining active is finished', () => {
  const actions = planned(
    [prepared(1, 'k1'), prepared(2, 'k2'), committed(2, 'k2', 'n')],
    [there(1, { frozen: true }), there(2, { frozen: true })],
  );
  assert.equal(names(actions), ['undo-commit 1', 'finish-commit 2']);
});

test('an unflushed commit is lost after a power cut, not after a kill', () => {
  const unflushed: Event = {
    type: 'SnapshotCommitted',
    data: { id: 1, key: 'k1', name: 'base', parent: '', parentId: null, labels: {}, flushed: false },
  };
  const powerCut: Crash = { since: 0, powerCut: true };
  const events = [prepared(1, 'k1'), unflushed];
  const lost = planned(events, [there(1)], powerCut);
  assert.equal(names(lost), ['declare-lost 1', 'quarantine 1']);
  assert.match(lost[0]?.why ?? '', 'when the power went');
  assert.equal(planned(events, [there(1)], killed(0)), []);
  assert.equal(planned([...events, { type: 'VolumeFlushed', data: { id: 1 } }], [there(1)], powerCut), []);
  assert.equal(planned(chain.slice(0, 2), [there(1)], powerCut), []);
});

test('store events concern no volume', () => {
  assert.equal(planned(oneOfEach.slice(0, 3), []), []);
});

const oneActive = enveloped([prepared(1, 'k1')]).reduce(evolve, emptyState());
const whole = (id: number) => ({ path: `${id}`, id, layer: true, complete: true, frozen: false, writable: false });

test('uses a scan that was started before', async () => {
  const driver = createMemoryDriver();
  const names = (actions: Awaited<ReturnType<typeof planFor>>) => actions.map(({ type, id }) => `${type} ${id}`);
  assert.equal(names(await planFor(() => oneActive, driver, null)), ['declare-lost 1']);
  assert.equal(names(await planFor(() => oneActive, driver, null, Promise.resolve([whole(1)]))), []);
});

test('inspects only volumes that are newer than the log', async () => {
  const looked: (number | null)[] = [];
  const driver = {
    ...createMemoryDriver(),
    isPristine: async ({ id }: { readonly id: number | null }) => looked.push(id) > 0,
  };
  const actions = await planFor(() => oneActive, driver, null, Promise.resolve([whole(1), whole(2)]));
  assert.equal(looked, [2]);
  assert.equal(
    actions.map(({ type, id }) => `${type} ${id}`),
    ['discard 2'],
  );
});

test.run();
