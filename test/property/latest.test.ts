import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../events/envelope.ts';
import { createLatest } from '../../projections/latest/latest.ts';
import { OverlayMap } from '../../projections/latest/overlay-map.ts';
import { emptyState, evolve, type State } from '../../projections/state.ts';
import { decide } from '../../src/domain/decide.ts';
import { arbitraryCommand } from '../support/arbitrary-command.ts';
import { enveloped, oneOfEach, withOptional } from '../support/sample-events.ts';

const test = suite('latest state');
const rules = { viewsNeedParent: false, rebase: true, reparent: true, flushed: true, retain: true };

const contentOf = ({ position, index, parentGraph, volumes, usage }: State) => ({
  position,
  maps: [index, parentGraph, ...Object.values(volumes), usage].map((map) => [map.size, new Map(map)]),
});

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ what: fc.constant('command' as const), command: arbitraryCommand }) },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constant('event' as const),
      event: fc.constantFrom(...oneOfEach, ...Object.values(withOptional)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ what: fc.constant('durable' as const), events: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ what: fc.constant('roll back' as const) }) },
);

test('is the durable state with the events in flight applied, also after a rollback', async () => {
  await fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const durable = emptyState();
      const latest = createLatest(durable);
      const log: Envelope[] = [];
      let flying: Envelope[] = [];
      let lastId = 0;
      for (const next of steps) {
        if (next.what === 'command' || next.what === 'event') {
          const events = next.what === 'event' ? [next.event] : decide(latest.state, next.command, rules).events;
          const envelopes = enveloped([...events], latest.state.position);
          for (const envelope of envelopes) latest.fold(envelope);
          flying.push(...envelopes);
        } else if (next.what === 'durable') {
          for (const envelope of flying.splice(0, next.events)) log.push(evolve(durable, envelope) && envelope);
          latest.prune();
        } else {
          latest.rollBack();
          flying = [];
        }
        const expected = [...log, ...flying].reduce(evolve, emptyState());
        lastId = Math.max(lastId, expected.storeInfo.lastId);
        assert.equal(contentOf(latest.state), contentOf(expected));
        assert.equal(latest.state.storeInfo, { ...expected.storeInfo, lastId });
      }
    }),
    { numRuns: 300 },
  );
});

test('overlay map: forgets the changes that its base has, and only these', () => {
  const base = new Map([['a', 1]]);
  let position = 1;
  const map = new OverlayMap(base, () => position);
  map.set('b', 2);
  position = 2;
  map.set('b', 3);
  assert.is(map.delete('a'), true);
  assert.is(map.delete('a'), false);
  base.set('b', 2);
  map.prune(1);
  assert.equal([map.size, [...map.keys()], [...map.values()], map.has('a')], [1, ['b'], [3], false]);
  base.set('b', 4);
  map.prune(2);
  assert.equal([map.size, map.get('b'), map.get('a')], [2, 4, 1]);
  map.set('c', 5);
  map.clear();
  assert.not(map.has('c'));
});

test.run();
