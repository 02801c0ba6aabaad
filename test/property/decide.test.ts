import * as fc from 'fast-check';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Envelope } from '../../events/envelope.ts';
import { fromRows, toRows } from '../../projections/checkpoint-rows.ts';
import { emptyState, evolve, type MutableState, type State } from '../../projections/state.ts';
import type { Command } from '../../src/domain/commands.ts';
import { decide } from '../../src/domain/decide.ts';
import { arbitraryCommand } from '../support/arbitrary-command.ts';
import { type NaiveStore, naively } from '../support/naive-model.ts';
import { enveloped, oneOfEach } from '../support/sample-events.ts';

const test = suite('random commands');
const rules = { viewsNeedParent: false, rebase: true, reparent: true, flushed: true, retain: false };
const commands = fc.array(arbitraryCommand, { maxLength: 60 });

const shown = (state: State): NaiveStore =>
  [...state.index.values()]
    .map(({ key, kind, parent, labels }) => ({ key, kind, parent, labels }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));

function run(all: readonly Command[]): { state: MutableState; log: Envelope[] } {
  const state = emptyState();
  const log: Envelope[] = [];
  for (const command of all) {
    const decided = decide(state, command, rules);
    const envelopes = enveloped(decided.events, state.position);
    log.push(...envelopes);
    envelopes.reduce(evolve, state);
  }
  return { state, log };
}

test('random commands get the answers, and leave the snapshots, of the naive model', async () => {
  await fc.assert(
    fc.property(commands, (all) => {
      const state = emptyState();
      let model: NaiveStore = [];
      for (const command of all) {
        const decided = decide(state, command, rules);
        const expected = naively(model, command);
        assert.is(
          either.isLeft(decided.answer) ? decided.answer.left.code : 'ok',
          expected.answer,
          JSON.stringify(command).slice(0, 200),
        );
        model = expected.store;
        enveloped(decided.events, state.position).reduce(evolve, state);
      }
      assert.equal(
        shown(state),
        [...model].sort((a, b) => (a.key < b.key ? -1 : 1)),
      );
    }),
    { numRuns: 1500 },
  );
});

test('the projections agree with each other after any history', async () => {
  await fc.assert(
    fc.property(commands, (all) => {
      const { state } = run(all);
      assert.is(state.parentGraph.size, state.index.size);
      assert.is(state.volumes.wanted.size, state.index.size);
      for (const { id, key, parent, parentId } of state.index.values()) {
        assert.is(state.parentGraph.get(id)?.key, key);
        assert.is(parentId === null ? '' : state.parentGraph.get(parentId)?.key, parent);
        assert.ok(id <= state.storeInfo.lastId);
      }
      const links = [...state.parentGraph.values()].reduce((sum, { children }) => sum + children, 0);
      assert.is(links, [...state.index.values()].filter(({ parentId }) => parentId !== null).length);
    }),
    { numRuns: 300 },
  );
});

test('replay from any checkpoint equals replay from the start', async () => {
  await fc.assert(
    fc.property(commands, fc.nat(), (all, seed) => {
      const { state, log } = run(all);
      const cut = log.length === 0 ? 0 : seed % (log.length + 1);
      const rows = JSON.parse(JSON.stringify([...toRows(log.slice(0, cut).reduce(evolve, emptyState()))]));
      const checkpoint = fromRows(rows);
      assert.ok(either.isRight(checkpoint));
      const resumed = log.slice(cut).reduce(evolve, checkpoint.right);
      const plain = (s: State) => JSON.stringify([...toRows(s)].map((row) => JSON.stringify(row)).sort());
      assert.is(plain(resumed), plain(state));
      assert.equal(new Map(resumed.parentGraph), new Map(state.parentGraph));
    }),
    { numRuns: 300 },
  );
});

test('evolve is total: any events in any order are folded without an error', async () => {
  const any = fc.array(fc.constantFrom(...oneOfEach), { maxLength: 50 });
  await fc.assert(
    fc.property(any, commands, (events, all) => {
      const { state } = run(all);
      const { position } = state;
      const after = enveloped(events, position).reduce(evolve, state);
      assert.is(after.position, position + events.length);
    }),
    { numRuns: 300 },
  );
});

test.run();
