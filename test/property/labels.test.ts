import * as fc from 'fast-check';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { decodeEnvelope, type Envelope, encodeEnvelope } from '../../events/envelope.ts';
import { fromRows, toRows } from '../../projections/checkpoint-rows.ts';
import { emptyState, evolve, type MutableState, type State } from '../../projections/state.ts';
import type { Update } from '../../src/domain/commands.ts';
import { decide } from '../../src/domain/decide.ts';
import { enveloped, prepared } from '../support/sample-events.ts';

const test = suite('random label updates');
const rules = { viewsNeedParent: false, rebase: true, reparent: true, flushed: true, retain: true };
const names = ['a', 'b', 'c.d/e', 'labels', 'constructor', 'toString', '__proto__'];
const name = fc.constantFrom(...names);
const labels = fc
  .uniqueArray(fc.tuple(name, fc.constantFrom('', '1', '2', '3')), { selector: ([key]) => key, maxLength: 5 })
  .map((entries): Readonly<Record<string, string>> => Object.fromEntries(entries));
const mask = fc.array(
  fc.oneof(
    fc.constant('labels'),
    name.map((key) => `labels.${key}`),
  ),
  { maxLength: 4 },
);
const update = fc.record({ type: fc.constant('Update' as const), key: fc.constant('k'), labels, mask });

/** The labels as a map that is set and deleted from, by containerd's rules. */
function naively(model: ReadonlyMap<string, string>, { labels: wanted, mask: paths }: Update): Map<string, string> {
  let after = new Map(paths.length === 0 ? Object.entries(wanted) : model);
  for (const path of paths) {
    if (path === 'labels') after = new Map(Object.entries(wanted));
    else after.set(path.slice(7), Object.hasOwn(wanted, path.slice(7)) ? (wanted[path.slice(7)] ?? '') : '');
  }
  return new Map([...after].filter(([, value]) => value !== ''));
}

const sorted = (entries: Iterable<readonly [string, string]>) => [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
const labelsIn = (state: State) => sorted(Object.entries(state.index.get('k')?.labels ?? {}));

/** As read from a log. */
function reread(envelope: Envelope): Envelope {
  const decoded = decodeEnvelope(JSON.parse(JSON.stringify(encodeEnvelope(envelope))));
  assert.ok(either.isRight(decoded));
  return decoded.right;
}

/** As loaded from a checkpoint. */
function reloaded(state: State): MutableState {
  const loaded = fromRows(JSON.parse(JSON.stringify([...toRows(state)])));
  assert.ok(either.isRight(loaded));
  return loaded.right;
}

test('labels equal those of a naive map after any updates, at every position, from any checkpoint', async () => {
  await fc.assert(
    fc.property(fc.array(update, { maxLength: 25 }), (updates) => {
      let state = enveloped([prepared(1, 'k')]).reduce(evolve, emptyState());
      let model = new Map<string, string>();
      const expected = [labelsIn(state)];
      const log: Envelope[] = [];
      const checkpoints = [reloaded(state)];
      for (const command of updates) {
        const decided = decide(state, command, rules);
        assert.ok(either.isRight(decided.answer));
        const envelopes = enveloped(decided.events, state.position).map(reread);
        log.push(...envelopes);
        state = envelopes.reduce(evolve, state);
        checkpoints.push(reloaded(state));
        model = naively(model, command);
        expected.push(sorted(model));
        assert.is(state.index.get('k')?.updated, envelopes[0]?.time);
      }
      for (const [from, checkpoint] of checkpoints.entries()) {
        const replayed = checkpoint;
        assert.equal(labelsIn(replayed), expected[from]);
        for (const envelope of log.slice(from)) {
          evolve(replayed, envelope);
          assert.equal(labelsIn(replayed), expected[replayed.position - 1]);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('an event of an update names each label that changed, before and after, and no other', async () => {
  await fc.assert(
    fc.property(labels, update, (first, command) => {
      const filled: Update = { type: 'Update', key: 'k', labels: first, mask: [] };
      let state = enveloped([prepared(1, 'k')]).reduce(evolve, emptyState());
      for (const next of [filled, command]) {
        const was = new Map(labelsIn(state));
        const decided = decide(state, next, rules);
        assert.ok(either.isRight(decided.answer));
        const [envelope] = enveloped(decided.events, state.position);
        assert.ok(envelope?.event.type === 'SnapshotUpdated');
        state = evolve(state, envelope);
        const is = new Map(labelsIn(state));
        const changed = names.filter((key) => was.get(key) !== is.get(key));
        const only = (all: ReadonlyMap<string, string>) => sorted(changed.map((key) => [key, all.get(key) ?? '']));
        assert.equal(sorted(Object.entries(envelope.event.data.before)), only(was));
        assert.equal(sorted(Object.entries(envelope.event.data.after)), only(is));
      }
    }),
    { numRuns: 500 },
  );
});

test.run();
