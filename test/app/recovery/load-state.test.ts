import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toRows } from '../../../projections/checkpoint-rows.ts';
import { emptyState, evolve } from '../../../projections/state.ts';
import { loadState } from '../../../src/app/recovery/load-state.ts';
import type { Checkpoint } from '../../../src/ports/checkpoint-store.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { silent } from '../../../src/ports/logger.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { createMemoryEventLog } from '../../support/memory-event-log.ts';
import { committed, enveloped, prepared } from '../../support/sample-events.ts';

const test = suite('load state');
const events = enveloped([prepared(1, 'k1'), committed(1, 'k1', 'base'), prepared(2, 'k2', { name: 'base', id: 1 })]);

async function filled() {
  const log = createMemoryEventLog({ store: 'here' });
  await log.append(events, { flush: 'now' });
  return log;
}

const offering = (...checkpoints: Checkpoint[]) => ({
  load: async function* () {
    yield* checkpoints;
  },
});

const at = (position: number, chainHash: string): Checkpoint => ({
  at: { position, chainHash },
  rows: [...toRows(events.slice(0, position).reduce(evolve, emptyState()))],
});

test('replays everything without a checkpoint', async () => {
  const { state, replayed, checkpoint } = await loadState(await filled(), offering(), silent);
  assert.is(replayed, 3);
  assert.is(checkpoint, 0);
  assert.equal([...state.index].map(([key]) => key).sort(), ['base', 'k2']);
});

test('replays only what follows the checkpoint', async () => {
  const log = await filled();
  const chainHash = (await log.chainHashAt(2)) ?? '';
  const { state, replayed, checkpoint } = await loadState(log, offering(at(2, chainHash)), silent);
  assert.is(replayed, 1);
  assert.is(checkpoint, 2);
  assert.is(state.position, 3);
  assert.ok(state.parentGraph.get(1)?.children === 1);
});

test('an unreadable checkpoint is logged and skipped for an older one', async () => {
  const log = await filled();
  const [one, two] = [(await log.chainHashAt(1)) ?? '', (await log.chainHashAt(2)) ?? ''];
  const warnings: string[] = [];
  const logger = { ...silent, warn: (fields: object) => void warnings.push(JSON.stringify(fields)) };
  const broken: Checkpoint = { at: { position: 2, chainHash: two }, rows: [{ row: 'nonsense' }] };
  const { checkpoint, replayed } = await loadState(log, offering(broken, at(1, one)), logger);
  assert.is(checkpoint, 1);
  assert.is(replayed, 2);
  assert.match(warnings.join(), 'checkpoint at 2');
});

test('a checkpoint ahead of the log is a fault', async () => {
  const { code, message, hint } = await caughtFault(loadState(await filled(), offering(at(3, 'x')), silent));
  assert.is(code, 'corrupt', 'the chain hash differs');
  assert.match(message, 'history');
  assert.match(hint, 'checkpoints');
  const ahead: Checkpoint = { at: { position: 9, chainHash: 'x' }, rows: [] };
  const second = await caughtFault(loadState(await filled(), offering(ahead), silent));
  assert.match(second.message, 'ends at position 3');
  assert.match(second.message, 'once held position 9');
});

test('positions that a repair left out are a fault, unless a checkpoint replaces them', async () => {
  const log = await filled();
  const third = events.slice(2);
  const gapped = {
    ...{ end: log.end, chainHashAt: (position: number) => log.chainHashAt(position) },
    read: async function* (after: number) {
      yield after === 0 ? [...events.slice(0, 1), ...third] : third;
    },
  };
  const { code, message } = await caughtFault(loadState(gapped, offering(), silent));
  assert.equal([code, message.slice(0, 21)], ['corrupt', 'positions 2 to 2 of t']);
  const chainHash = (await log.chainHashAt(2)) ?? '';
  assert.is((await loadState(gapped, offering(at(2, chainHash)), silent)).state.position, 3);
});

test('a checkpoint replaces expired events, without one there is a hint', async () => {
  const log = await filled();
  const fault = new Fault('corrupt', 'positions 1 to 2 are not shown any more', { hint: 'take $maxCount away' });
  const expired = {
    ...log,
    end: log.end,
    gone: { upTo: 2, fault },
    chainHashAt: async (position: number) => (position < 3 ? undefined : log.chainHashAt(position)),
    read: (after: number) => log.read(Math.max(2, after)),
  };
  const said: object[] = [];
  const logger = { ...silent, warn: (fields: object) => void said.push(fields) };
  const chainHashes = await Promise.all([1, 2, 3].map(async (position) => (await log.chainHashAt(position)) ?? ''));
  for (const position of [3, 2])
    assert.equal(
      (await loadState(expired, offering(at(position, chainHashes[position - 1] ?? '')), logger)).state,
      (await loadState(log, offering(), silent)).state,
    );
  assert.is(said.length, 2);
  for (const checkpoints of [offering(), offering(at(1, chainHashes[0] ?? ''))]) {
    const { code, message, hint } = await caughtFault(loadState(expired, checkpoints, silent));
    assert.equal([code, hint], ['corrupt', 'take $maxCount away']);
    assert.match(message, 'positions 1 to 2 are not shown any more; no checkpoint holds the state after them');
  }
  assert.match((await caughtFault(loadState(expired, offering(at(3, 'x')), silent))).message, 'position 3');
});

test.run();
