import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { chart } from './chart.ts';
import { comparisonLine, isRegression } from './compare.ts';
import { chosen } from './options.ts';
import { maxRepeats, untilSteady } from './repeat.ts';
import { withNewer } from './results.ts';
import { type Row, rowOf } from './row.ts';
import { medianInterval, ratiosOf, spreadOf } from './statistics.ts';
import { figure, table } from './table.ts';

const test = suite('results of the benchmark');

const lifecycle = (mine: readonly number[]) =>
  rowOf({
    workload: 'lifecycle',
    variant: 'overlay, 1 worker',
    unit: 'operations/s',
    ours: { name: 'snapledger', values: mine },
    theirs: { name: 'containerd', values: [100, 200, 400, 100, 200, 400].slice(0, mine.length) },
    target: 2.5,
  });
/** A row by the ratios of its pairs. */
const paired = (...ratios: readonly number[]) =>
  rowOf({
    workload: 'lifecycle',
    variant: 'overlay, 1 worker',
    unit: 'operations/s',
    ours: { name: 'snapledger', values: ratios },
    theirs: { name: 'v1', values: ratios.map(() => 1) },
    target: 1,
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
  assert.equal(ratiosOf([200, 100, 100], [100, 50, 25]), [2, 2, 4]);
  assert.throws(() => ratiosOf([1], []), 'counterpart');
});

test('interval of a median: the ranks that hold it with 95 %, all values if there are fewer than six', () => {
  const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
  assert.equal(medianInterval([3, 1, 2]), { low: 1, high: 3, pairs: 3 });
  assert.equal(medianInterval(upTo(8)), { low: 1, high: 8, pairs: 8 });
  assert.equal(medianInterval(upTo(9)), { low: 2, high: 8, pairs: 9 });
  assert.equal(medianInterval(upTo(15)), { low: 4, high: 12, pairs: 15 });
  assert.equal(medianInterval(upTo(20)), { low: 6, high: 15, pairs: 20 });
  assert.throws(() => medianInterval([]), 'no rounds');
});

test('noise: a wide interval or few pairs mark a row, and its target is then neither reached nor missed', () => {
  assert.is(paired(1, 1.1, 1.05, 1.02, 1.08).noisy, false);
  assert.is(paired(1, 1.1, 1.05, 1.02).noisy, true);
  const wide = paired(0.8, 1.1, 1.05, 1.02, 1.08);
  assert.is(wide.noisy, true);
  assert.match(table({ machine: '', command: '', rows: [wide] }), '1.00 (noisy) |');
});

test('noise: a noisy row is measured again, at most three times', async () => {
  const quiet = paired(1, 1, 1, 1, 1);
  const noisy = paired(1, 2, 1, 1, 1);
  const measuredIn = async (...all: readonly Row[]) => {
    let count = 0;
    await untilSteady(async () => [all[count++] ?? noisy]);
    return count;
  };
  assert.is(await measuredIn(quiet), 1);
  assert.is(await measuredIn(noisy, quiet), 2);
  assert.is(await measuredIn(), 1 + maxRepeats);
});

test('comparison of builds: a regression is an interval below 0.95, of five pairs or more', () => {
  assert.ok(isRegression(paired(0.5, 0.9, 0.6, 0.94, 0.7)));
  assert.not(isRegression(paired(0.5, 0.9, 0.6, 0.96, 0.7)));
  assert.not(isRegression(paired(0.5, 0.5, 0.5, 0.5)));
  assert.match(
    comparisonLine(paired(0.9, 0.9, 0.9, 0.9, 0.9)),
    /^REGRESSION lifecycle, overlay, 1 worker: .* v1 .* 0\.90 times/,
  );
  assert.match(comparisonLine(paired(0.5, 1, 1, 1, 1)), /^noisy/);
  assert.match(comparisonLine(paired(1, 1, 1, 1, 1)), /^ok/);
});

test('processor time: ours beside theirs', () => {
  const row = rowOf({
    ...{ workload: 'pull', variant: '12 layers', unit: 'ms' },
    ours: { name: 'snapledger', values: [1], processor: 1.5 },
    theirs: { name: 'overlayfs', values: [1], processor: 3 },
  });
  assert.match(table({ machine: '', command: '', rows: [row] }), '| 1.5 / 3.0 |');
});

test('counts more operations and less time as better', () => {
  assert.is(lifecycle([200, 400, 800]).ratio?.median, 2);
  assert.is(commit.ratio?.median, 125);
});

test('says whether a row has reached its target', () => {
  const results = { machine: 'a machine', command: 'npm run bench' };
  assert.match(table({ ...results, rows: [lifecycle([200, 400, 800, 200, 400, 800])] }), '2.50 (not reached) |');
  assert.match(
    table({ ...results, rows: [lifecycle([300, 600, 1200, 300, 600, 1200])] }),
    '3.00-3.00 of 6 |  | 2.50 |',
  );
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
  const { names, drivers, workers, revision } = chosen(
    ['b', '--driver', 'btrfs', '--workers', '8', '--compare', 'HEAD~1'],
    ['a', 'b'],
  );
  assert.equal([names, drivers, workers, revision], [['b'], ['btrfs'], [8], 'HEAD~1']);
  assert.equal(chosen([], ['a', 'b']).names, ['a', 'b']);
});

test('refuses unknown names, and lists the known ones', () => {
  assert.throws(() => chosen(['c'], ['a', 'b']), 'c: no such workload; there are a, b');
  assert.throws(() => chosen(['--driver', 'zfs'], []), '--driver zfs: must be overlay or btrfs');
  assert.throws(() => chosen(['--rounds', 'many'], []), '--rounds many: must be a number above 0');
});

test.run();
