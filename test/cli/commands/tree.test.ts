import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { emptyState, evolve } from '../../../projections/state.ts';
import { treeOf } from '../../../src/app/audit/list-snapshots.ts';
import { treeLines } from '../../../src/cli/tables/snapshots.ts';
import { createSandbox } from '../../support/sandbox.ts';
import { enveloped, prepared, smallStore } from '../facts.ts';
import { createMemoryDeps, printedQuery } from '../memory-deps.ts';

const test = suite('tree');
const sandbox = createSandbox('tree');
test.after(() => sandbox.close());

const later = 1_700_000_000_000_000_000n + 3_600_000_000_000n;

test('draws live snapshots below their parents, with usage and age', () => {
  const state = enveloped([...smallStore, prepared(5, 'default/9/\u001b[31mred')]).reduce(evolve, emptyState());
  assert.equal(treeLines(treeOf(state), {}, later), [
    'ID  KIND         USAGE  AGE  KEY',
    ' 1  committed  1.5 MiB  56m  default/2/sha256:aaa',
    ' 2  committed        -  54m  └─ default/4/sha256:bbb',
    ' 3  active           -  52m     └─ default/5/web',
    ' 5  active           -  46m  default/9/\\u001b[31mred',
  ]);
});

test('abbreviates digests by default', () => {
  const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;
  const state = enveloped([prepared(7, `default/1/${digest}`)]).reduce(evolve, emptyState());
  assert.is(treeLines(treeOf(state), {}, later)[1], ' 7  active      -  59m  default/1/sha256:0123456789ab…');
  assert.is(treeLines(treeOf(state), { whole: true }, later)[1], ` 7  active      -  59m  default/1/${digest}`);
});

test('shows a snapshot whose parent is missing as a root', () => {
  const state = enveloped([prepared(7, 'child', 'gone', 6)]).reduce(evolve, emptyState());
  assert.equal(treeLines(treeOf(state), {}, later), ['ID  KIND    USAGE  AGE  KEY', ' 7  active      -  59m  child']);
});

test('prints one JSON object per snapshot with --json', async () => {
  const deps = await createMemoryDeps(sandbox, enveloped(smallStore));
  const lines = await printedQuery(deps, 'tree', {}, { json: true });
  const rows = lines.map((line) => JSON.parse(line));
  assert.equal(
    rows.map(({ id, depth, parentId }) => [id, depth, parentId]),
    [
      ['1', 0, null],
      ['2', 1, '1'],
      ['3', 2, '2'],
    ],
  );
  assert.equal(rows[0].usage, { bytes: '1572864', inodes: '12' });
  assert.equal(rows[2].labels, { b: '3', c: '4' });
});

test.run();
