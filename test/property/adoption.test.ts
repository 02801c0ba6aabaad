import * as fc from 'fast-check';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../events/registry.ts';
import { chainBelow, refLabel, type Snapshot } from '../../projections/snapshot.ts';
import { emptyState, evolve } from '../../projections/state.ts';
import type { Command } from '../../src/domain/commands.ts';
import { decide } from '../../src/domain/decide.ts';
import { enveloped, layerLabels } from '../support/sample-events.ts';

const test = suite('adoption');
const rules = { viewsNeedParent: false, rebase: true, reparent: true, flushed: true, retain: true };
/** Two images of three layers; the second shares the base, and has the same contents above it in another order. */
const images = [
  [layerLabels('1', '1'), layerLabels('2', '2', '1'), layerLabels('3', '3', '2')],
  [layerLabels('1', '1'), layerLabels('4', '3', '1'), layerLabels('5', '2', '4')],
] as const;

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ what: fc.constant('pull' as const), image: fc.nat(1), layers: fc.integer({ min: 1, max: 3 }) },
      labelled: fc.boolean(),
    }),
  },
  { weight: 6, arbitrary: fc.record({ what: fc.constant('remove' as const), at: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('end' as const), at: fc.nat(9) }) },
);

test('never answers with another chain than the one that was asked for, whatever was removed and evicted before', async () => {
  let [adopted, moved] = [0, 0];
  await fc.assert(
    fc.property(fc.array(step, { minLength: 15, maxLength: 40 }), (steps) => {
      const state = emptyState();
      let sequence = 0;
      /** containerd's own table: the snapshot that it knows for a chain id. It does not ask for one that it has. */
      const known = new Map<string, string>();
      const apply = (events: readonly Event[]) =>
        enveloped([...events], state.position).reduce((_, one) => evolve(state, one), state);
      const run = (command: Command) => {
        const decision = decide(state, command, rules);
        apply(decision.events);
        return decision;
      };
      const pull = (labels: Snapshot['labels'], parent: string, labelled: boolean) => {
        const ref = labels[refLabel] ?? '';
        const has = known.get(ref);
        if (has !== undefined) return has;
        const key = `ns/${++sequence}/extract`;
        const kept = new Map([...state.volumes.retained].map(([id, { snapshot }]) => [id, snapshot.parentId]));
        const { adopts } = run({ type: 'Prepare', key, parent, kind: 'active', labels });
        if (adopts === undefined) {
          const name = `ns/${++sequence}/${ref}`;
          run({ type: 'Commit', key, name, parent: '', labels: labelled ? labels : {} });
          known.set(ref, name);
          return name;
        }
        adopted += 1;
        if (adopts !== undefined && kept.has(adopts) && kept.get(adopts) !== (state.index.get(parent)?.id ?? null))
          moved += 1;
        // As containerd looks for it.
        const found = [...state.index.values()].find((one) => one.labels[refLabel] === ref && one.parent === parent);
        assert.is(found?.id, adopts);
        assert.is(found?.kind, 'committed');
        const base = state.index.get(parent);
        assert.is(found?.parentId, base?.id ?? null);
        assert.is(chainBelow(labels, base), base === undefined ? '' : base.key.replace(/^ns.\d+./, ''));
        known.set(ref, found?.key ?? '');
        return found?.key ?? '';
      };
      for (const next of steps) {
        if (next.what === 'pull') {
          let parent = '';
          for (const labels of images[next.image]?.slice(0, next.layers) ?? [])
            parent = pull(labels, parent, next.labelled);
        } else if (next.what === 'remove') {
          const [ref, key] = [...known][next.at % known.size] ?? ['', 'none'];
          if (either.isRight(run({ type: 'Remove', key }).answer)) known.delete(ref);
        } else {
          const kept = [...state.volumes.retained.values()];
          const layer = kept[next.at % kept.length]?.snapshot;
          if (layer !== undefined)
            apply([{ type: 'RetentionEnded', data: { id: layer.id, key: layer.key, why: 'x' } }]);
        }
        for (const [key, id] of state.volumes.adoptable)
          assert.ok(state.volumes.retained.has(id) || state.volumes.wanted.has(id), key);
      }
    }),
    { numRuns: 400 },
  );
  assert.ok(adopted > 100 && moved > 0, `${adopted} adopted, ${moved} on another parent`);
});

test.run();
