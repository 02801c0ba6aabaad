import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createTable } from '../../../src/cli/output/table.ts';

const test = suite('createTable');
const columns = [{ title: 'ID', align: 'right' as const }, { title: 'KEY' }, { title: 'WHY' }];

test('aligns columns and leaves no trailing spaces', () => {
  const lines = createTable(columns).lines([
    ['1', 'default/1/a', 'removed'],
    ['1024', 'k', ''],
  ]);
  assert.equal(lines, ['  ID  KEY          WHY', '   1  default/1/a  removed', '1024  k']);
});

test('prints the header once, and widens columns from batch to batch', () => {
  const table = createTable(columns);
  assert.equal(table.lines([['1', 'a', 'x']]), ['ID  KEY  WHY', ' 1  a    x']);
  assert.equal(table.lines([['2', 'longer', 'y']]), [' 2  longer  y']);
  assert.equal(table.lines([['3', 'b', 'z']]), [' 3  b       z']);
});

test('prints only the header if there are no rows', () => {
  assert.equal(createTable(columns).lines([]), ['ID  KEY  WHY']);
});

test.run();
