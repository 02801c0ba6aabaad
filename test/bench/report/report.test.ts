import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { defaultFolder } from '../options.ts';
import { type Row, rowOf } from '../rows/row.ts';
import { chart } from './chart.ts';
import { withTables } from './document.ts';
import { readResults, withNewer } from './results.ts';
import { table } from './table.ts';

const test = suite('benchmark: report');

const lifecycle = (mine: number): Row => ({
  ...rowOf({
    workload: 'lifecycle',
    variant: 'overlay, 1 worker',
    unit: 'operations/s',
    ours: { name: 'snapledger', values: [mine], processor: 1.5 },
    theirs: { name: 'containerd', values: [100], processor: 3 },
    target: 2.5,
  }),
  measured: { date: '2026-02-03', revision: 'abc', machine: 'a <machine>' },
});
const commit = rowOf({
  workload: 'commit',
  variant: '50,000 files',
  unit: 'ms',
  ours: { name: 'snapledger', values: [2, 4] },
  theirs: { name: 'containerd', values: [300, 400] },
});

test('results: newer rows replace older ones, in the order of the workloads', () => {
  const rows = withNewer([commit, lifecycle(1)], [lifecycle(200)], ['lifecycle', 'commit']);
  assert.equal(
    rows.map(({ workload, ours }) => [workload, ours.value.median]),
    [
      ['lifecycle', 200],
      ['commit', 3],
    ],
  );
});

test('table: ours beside theirs with processor times, the run, and its machine', () => {
  const text = table([lifecycle(200), commit]);
  assert.match(text, '| 200 (200-200) operations/s | containerd | 100 (100-100) operations/s | 2.00 (2.00-2.00) |');
  assert.match(text, '| 1.5 / 3.0 |');
  assert.match(text, '| 2026-02-03 `abc` |');
  assert.match(text, '- `abc`, 2026-02-03: a <machine>\n');
});

test('table: marks rows of an earlier benchmark', () => {
  assert.match(table([commit]), /\| _earlier_ \|\n$/);
  assert.match(table([commit]), /^- _earlier_: /);
});

test('document: tables of workloads and the list of runs are replaced, the rest is kept', () => {
  const before =
    'a\n<!-- rows: commit update -->\nold\n<!-- end of rows -->\nb\n<!-- rows: runs -->\n<!-- end of rows -->\n';
  const after = withTables(before, [lifecycle(200), commit]);
  assert.match(after, /^a\n<!-- rows: commit update -->\n\n\| what .*\n.*\n\| commit, 50,000 files \|.*\n\n<!-- end/);
  assert.match(after, /\nb\n<!-- rows: runs -->\n\n- `abc`.*\n- _earlier_.*\n\n<!-- end of rows -->\n$/);
  assert.is(withTables(after, [lifecycle(200), commit]), after);
});

test('BENCHMARKS.md: its tables are those of the results (npm run bench -- --tables)', () => {
  const text = readFileSync('BENCHMARKS.md', 'utf8');
  assert.is(withTables(text, readResults(defaultFolder)), text);
});

test('chart: draws every row that is compared', () => {
  const svg = chart([lifecycle(200), commit]);
  for (const shown of ['1 worker', '50,000 files', '125.0x', 'a &lt;machine&gt;'])
    assert.ok(svg.includes(shown), `${shown} is not in ${svg}`);
});

test.run();
