import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../events/envelope.ts';
import type { Event } from '../../events/registry.ts';
import { emptyState, evolve, type MutableState } from '../../projections/state.ts';
import { elapsedAt } from '../../projections/store-info.ts';
import { opened } from '../support/sample-events.ts';

const test = suite('elapsed time');

const closed: Event = { type: 'StoreClosed', data: { reason: 'SIGTERM' } };
const removed = (id: number): Event => ({
  type: 'SnapshotRemoved',
  data: {
    ...{ id, key: `k${id}`, kind: 'committed', parent: '', parentId: null, labels: {} },
    ...{ created: 0n, updated: 0n, retained: true },
  },
});

/** Folds an event in that states the machine's uptime, if any; the wall clock is the caller's to set. */
function fold(state: MutableState, event: Event, uptime?: number, time = 0n): MutableState {
  const meta = { actor: 'test', ...(uptime === undefined ? {} : { uptime: String(uptime) }) };
  const envelope: Envelope = { position: state.position + 1, id: 'id', time, meta, event };
  return evolve(state, envelope);
}

test('time within a boot counts, also while the daemon is stopped', () => {
  let state = fold(emptyState(), opened('a'), 5_000);
  assert.is(elapsedAt(state.storeInfo, 6_000), 1_000);
  state = fold(state, removed(1), 7_000);
  state = fold(fold(state, closed, 8_000), opened('a'), 20_000);
  assert.is(elapsedAt(state.storeInfo, 21_000) - (state.volumes.retained.get(1)?.elapsed ?? 0), 14_000);
});

test('nothing counts before an opening records the uptime, nor between two boots', () => {
  let state = fold(fold(emptyState(), opened('a')), removed(1), 700_000);
  assert.is(elapsedAt(state.storeInfo, 1_000_000), 0);
  state = fold(fold(state, opened('a'), 1_000_000), closed, 1_002_000);
  state = fold(state, opened('b'), 500_000);
  assert.is(elapsedAt(state.storeInfo, 500_000), 2_000);
  assert.is(elapsedAt(state.storeInfo, 501_000), 3_000);
});

test('an invalid uptime counts as none, and one that decreases adds nothing', () => {
  let state = fold(emptyState(), opened('a'), 5_000);
  const meta = { actor: 'test', uptime: '-7' };
  state = evolve(state, { position: 2, id: 'id', time: 0n, meta, event: removed(1) });
  assert.equal([state.storeInfo.uptime, state.storeInfo.elapsed], [5_000, 0]);
  state = fold(state, removed(2), 4_000);
  assert.equal([state.storeInfo.uptime, state.storeInfo.elapsed, elapsedAt(state.storeInfo, 5_500)], [5_000, 0, 500]);
});

const step = fc.oneof(
  fc.record({ what: fc.constant('pass' as const), milliseconds: fc.nat(100_000) }),
  fc.record({ what: fc.constant('set the clock' as const), to: fc.bigInt(0n, 4_000_000_000_000_000_000n) }),
  fc.record({ what: fc.constant('remove' as const) }),
  fc.record({ what: fc.constant('restart' as const), orderly: fc.boolean() }),
  fc.record({ what: fc.constant('reboot' as const), orderly: fc.boolean(), off: fc.nat(1_000_000), up: fc.nat(9_000) }),
);

test('an age is at most the time since the removal, whatever the clock does', async () => {
  await fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let [now, uptime, wall, boot, id] = [0, 30_000, 0n, 1, 0];
      /** by id: when it was removed, and in which boot */
      const removals = new Map<number, { at: number; boot: number }>();
      let state = fold(emptyState(), opened('boot-1'), uptime, wall);
      for (const next of steps) {
        if (next.what === 'pass') {
          now += next.milliseconds;
          uptime += next.milliseconds;
        } else if (next.what === 'set the clock') wall = next.to;
        else if (next.what === 'remove') {
          id += 1;
          removals.set(id, { at: now, boot });
          state = fold(state, removed(id), uptime, wall);
        } else {
          if (next.orderly) state = fold(state, closed, uptime, wall);
          if (next.what === 'reboot') {
            boot += 1;
            now += next.off + next.up;
            uptime = next.up;
          }
          state = fold(state, opened(`boot-${boot}`), uptime, wall);
        }
      }
      let before = 0;
      const elapsed = elapsedAt(state.storeInfo, uptime);
      for (const [one, removal] of removals) {
        const since = state.volumes.retained.get(one)?.elapsed ?? Number.NaN;
        assert.ok(elapsed - since <= now - removal.at, `${one}: ${elapsed - since} of ${now - removal.at}`);
        if (removal.boot === boot) assert.is(elapsed - since, now - removal.at);
        assert.ok(since >= before, 'the order of removal is that of ages');
        before = since;
      }
    }),
    { numRuns: 500 },
  );
});

test.run();
