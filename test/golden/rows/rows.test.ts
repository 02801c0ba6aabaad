import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fromRows } from '../../../projections/from-rows.ts';

const folder = 'test/golden/rows';
const test = suite('the rows of checkpoints that were ever written');

test('are read for ever: a repair may have made such a checkpoint the base of a log', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  assert.ok(files.length > 0);
  for (const name of files) {
    const lines = readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
    const state = fromRows(lines.map((line): unknown => JSON.parse(line)));
    assert.ok(either.isRight(state), `${name}: ${either.isLeft(state) ? state.left : ''}`);
    const { index, volumes, position } = state.right;
    const { pendingPurge, retained, adoptable } = volumes;
    assert.is(index.size + pendingPurge.size + retained.size + adoptable.size, lines.length - 1, name);
    assert.ok(position > 0, name);
  }
});

test.run();
