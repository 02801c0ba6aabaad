import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chart } from './chart.ts';
import { chosen } from './options.ts';
import { withNewer } from './results.ts';
import { rowOf } from './row.ts';
import { ratiosOf, spreadOf } from './statistics.ts';
import { figure, table } from './table.ts';

const test = suite('results of the benchmark');

const lifecycle = (mine: readonly number[]) =>
  rowOf({
    workload: 'lifecycle',
    variant: 'overlay, 1 worker',
    unit: 'operations/s',
    ours: { name: 'snapledger', values: mine },
    theirs: { name: 'containerd', values: [100, 200, 400] },
    target: 2.5,
  });
const commit = rowOf({
  workload: 'commit',
  variant: '50000 files',
  unit: 'ms',
  ours: { name: 'snapledger', values: [2, 4] },
  theirs: { name: 'containerd', values: [300, 400] },
});

test('takes the median of the rounds, and the mean of the two in the middle', () => {
  assert.equal(spreadOf([3, 1, 2]), { median: 2, low: 1, high: 3 });
  assert.is(spreadOf([4, 1, 2, 3]).median, 2.5);
  assert.throws(() => spreadOf([]), 'no rounds');
});

test('compares each round with its own counterpart', () => {
  assert.equal(ratiosOf([200, 100, 100], [100, 50, 25]), { median: 2, low: 2, high: 4 });
  assert.throws(() => ratiosOf([1], []), 'counterpart');
});

test('counts more operations and less time as better', () => {
  assert.is(lifecycle([200, 400, 800]).ratio?.median, 2);
  assert.is(commit.ratio?.median, 125);
});

test('says whether a row has reached its target', () => {
  const results = { machine: 'a machine', command: 'npm run bench' };
  assert.match(table({ ...results, rows: [lifecycle([200, 400, 800])] }), '2.00 (2.00-2.00) | 2.50 (not reached) |');
  assert.match(table({ ...results, rows: [lifecycle([300, 600, 1200])] }), '3.00 (3.00-3.00) | 2.50 |');
});

test('shows only significant digits', () => {
  assert.equal([1234.5, 99.44, 1.234, 0.0512].map(figure), ['1,235', '99.4', '1.2', '0.051']);
});

test('replaces older rows with newer ones, in the order of the workloads', () => {
  const rows = withNewer([commit, lifecycle([1, 1, 1])], [lifecycle([200, 400, 800])], ['lifecycle', 'commit']);
  assert.equal(
    rows.map(({ workload, ours }) => [workload, ours.value.median]),
    [
      ['lifecycle', 400],
      ['commit', 3],
    ],
  );
});

test('draws every row that is compared with containerd', () => {
  const svg = chart({ machine: 'a <machine>', command: 'npm run bench', rows: [lifecycle([200, 400, 800]), commit] });
  for (const shown of ['overlay, 1 worker', '50000 files', '125.0x', 'a &lt;machine&gt;'])
    assert.ok(svg.includes(shown.replace(/^overlay, /, '')), `${shown} is not in ${svg}`);
});

test('measures what is named, and everything by default', () => {
  const { names, drivers, workers } = chosen(['b', '--driver', 'btrfs', '--workers', '8'], ['a', 'b']);
  assert.equal([names, drivers, workers], [['b'], ['btrfs'], [8]]);
  assert.equal(chosen([], ['a', 'b']).names, ['a', 'b']);
});

test('refuses unknown names, and lists the known ones', () => {
  assert.throws(() => chosen(['c'], ['a', 'b']), 'c: no such workload; there are a, b');
  assert.throws(() => chosen(['--driver', 'zfs'], []), '--driver zfs: must be overlay or btrfs');
  assert.throws(() => chosen(['--rounds', 'many'], []), '--rounds many: must be a number above 0');
});

test.run();
