import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toRows } from '../../../projections/checkpoint-rows.ts';
import { stateAt, stateOfStore } from '../../../src/app/audit/state-at.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { createMemoryCheckpointStore } from '../../support/memory-checkpoint-store.ts';
import { committed, prepared, removed } from '../../support/sample-events.ts';
import { memoryFiles } from './memory-files.ts';

const test = suite('state at a moment');
const facts = [prepared(1, 'a'), committed(1, 'a', 'A'), prepared(2, 'b', { name: 'A', id: 1 }), removed(2, 'b')];

const keysAt = async (at?: string) => {
  const state = await stateOfStore(await memoryFiles(facts), at);
  return [...state.index.values()].map(({ key }) => key).sort();
};
const refusal = async (at: string) => {
  const { code, message } = await caughtFault(keysAt(at));
  return [code, message];
};

test('is that after a position', async () => {
  assert.equal(await keysAt('1'), ['a']);
  assert.equal(await keysAt('3'), ['A', 'b']);
  assert.equal(await keysAt('4'), ['A']);
  assert.equal(await keysAt(), ['A']);
});

test('is that after the last event not later than a time', async () => {
  assert.equal(await keysAt('1970-01-01T00:00:01Z'), ['a']);
  assert.equal(await keysAt('1970-01-01T00:00:03.999Z'), ['A', 'b']);
  assert.equal(await keysAt('1s ago'), ['A']);
});

test('is refused for a moment that the log does not have', async () => {
  assert.equal(await refusal('5'), ['misuse', 'position 5: the log ends at position 4']);
  assert.equal(await refusal('1970-01-01'), [
    'misuse',
    '1970-01-01T00:00:00.000Z: is before the log, which begins at 1970-01-01T00:00:01.000Z',
  ]);
  assert.equal(await refusal('9999-01-01'), ['misuse', '9999-01-01T00:00:00.000Z: is in the future']);
  assert.is((await refusal('soon'))[0], 'misuse');
});

test('starts from the newest checkpoint that is not later', async () => {
  const files = await memoryFiles(facts);
  const log = await files.openLog();
  const checkpoints = createMemoryCheckpointStore();
  for (const position of [2, 3]) {
    const state = await stateAt(files, log, position);
    await checkpoints.save({ position, chainHash: (await log.chainHashAt(position)) ?? '' }, toRows(state));
  }
  const read: number[] = [];
  const watched = {
    ...log,
    read: (after: number) => {
      read.push(after);
      return log.read(after);
    },
  };
  const kept = { ...files, openCheckpoints: async () => checkpoints };
  for (const position of [1, 2, 3, 4]) assert.is((await stateAt(kept, watched, position)).position, position);
  assert.equal(read, [0, 3], 'a checkpoint at the position itself needs no event');
});

test.run();
