import { readFileSync } from 'node:fs';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fromRows, toRows } from '../../../projections/checkpoint-rows.ts';

const test = suite('golden rows');

test('are loaded, and written the same', () => {
  const text = readFileSync('test/golden/rows/rows.jsonl', 'utf8');
  const rows = text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  const state = fromRows(rows);
  assert.ok(either.isRight(state), either.isLeft(state) ? state.left : '');
  assert.is([...toRows(state.right)].map((row) => `${JSON.stringify(row)}\n`).join(''), text);
  const { index, volumes, usage, position } = state.right;
  const { wanted, pendingPurge, retained, adoptable, empty } = volumes;
  assert.equal([position, index.size, wanted.size, usage.size], [14, 3, 3, 1]);
  assert.equal([pendingPurge.size, retained.size, adoptable.size, empty.size], [1, 1, 1, 1]);
});

test('node and images are loaded, and written the same', () => {
  const text = readFileSync('test/golden/rows/images.jsonl', 'utf8');
  const state = fromRows([JSON.parse(text)]);
  assert.ok(either.isRight(state), either.isLeft(state) ? state.left : '');
  assert.is([...toRows(state.right)].map((row) => `${JSON.stringify(row)}\n`).join(''), text);
  const { images, storeInfo } = state.right;
  assert.equal([...images.keys()], ['k8s.io/docker.io/library/x:1', 'default/y']);
  assert.is(images.get('k8s.io/docker.io/library/x:1')?.layers?.length, 2);
  assert.equal([images.get('default/y')?.layers, storeInfo.node?.name], [null, 'node-1']);
});

test.run();
