import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { emptyState, evolve } from '../../../projections/state.ts';
import { crashOf, wantedOf } from '../../../src/app/reconcile/wanted.ts';
import { committed, enveloped, opened, prepared } from '../../support/sample-events.ts';

const test = suite('wanted volumes');

const relabelled = (id: number, key: string): Event => ({
  type: 'SnapshotUpdated',
  data: { id, key, before: { a: '' }, after: { a: 'b' } },
});
const closed: Event = { type: 'StoreClosed', data: { reason: 'SIGTERM' } };

/** Two actives before the session and two in it, one of each updated, and a layer of the session. */
const history = [
  prepared(1, 'old'),
  prepared(2, 'old, relabelled'),
  relabelled(2, 'old, relabelled'),
  opened('boot 1'),
  prepared(3, 'new'),
  prepared(4, 'new, relabelled'),
  relabelled(4, 'new, relabelled'),
  prepared(5, 'layer'),
  committed(5, 'layer', 'committed'),
];

function freshAfter(events: readonly Event[], boot: string): readonly string[] {
  const state = enveloped(events).reduce(evolve, emptyState());
  const { volumes, key } = wantedOf(state, { occupies: () => true }, crashOf(state, boot));
  return [...volumes()].filter(({ fresh }) => fresh).map(({ id }) => key(id));
}

test('none is fresh after a clean shutdown', () => {
  assert.equal(freshAfter([...history, closed], 'boot 2'), []);
});

test('after a crash those without a later event in the session are fresh', () => {
  assert.equal(freshAfter(history, 'boot 1'), ['new']);
});

test('after a power cut every active of the session is fresh, and no layer', () => {
  assert.equal([...freshAfter(history, 'boot 2')].sort(), ['new', 'new, relabelled']);
});

test.run();
