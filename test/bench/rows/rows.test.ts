import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { comparisonLine, isRegression, rowLine } from './line.ts';
import { balancedOrder } from './order.ts';
import { maxRepeats, untilSteady } from './repeat.ts';
import { type Row, rowOf } from './row.ts';
import { medianInterval, percentile, ratiosOf, spreadOf } from './statistics.ts';
import { figure, outcome } from './text.ts';

const test = suite('benchmark: rows');

/** A row by the ratios of its pairs. */
const paired = (target: number, ...ratios: readonly number[]) =>
  rowOf({
    workload: 'lifecycle',
    variant: 'overlay, 1 worker',
    unit: 'operations/s',
    ours: { name: 'snapledger', values: ratios },
    theirs: { name: 'v1', values: ratios.map(() => 1) },
    target,
  });
const steady = paired(1, 1, 1, 1, 1, 1);
const noisy = paired(1, 1, 2, 1, 1, 1);

test('median: of the rounds, and the mean of the two in the middle', () => {
  assert.equal(spreadOf([3, 1, 2]), { median: 2, low: 1, high: 3 });
  assert.is(spreadOf([4, 1, 2, 3]).median, 2.5);
  assert.is(percentile([1, 2, 3], 0.75), 2.5);
  assert.throws(() => spreadOf([]), 'no rounds');
});

test('ratios: each round with its own counterpart', () => {
  assert.equal(ratiosOf([200, 100, 100], [100, 50, 25]), [2, 2, 4]);
  assert.throws(() => ratiosOf([1], []), 'counterpart');
});

test('ratios: more operations and less time are better', () => {
  const theirs = { name: 'containerd', values: [100, 200] };
  const figures = { workload: 'commit', variant: '', ours: { name: 'snapledger', values: [50, 100] }, theirs };
  assert.is(rowOf({ ...figures, unit: 'operations/s' }).ratio?.median, 0.5);
  assert.is(rowOf({ ...figures, unit: 'ms' }).ratio?.median, 2);
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
  assert.is(paired(1, 1, 1.1, 1.05, 1.02, 1.08).noisy, false);
  assert.is(paired(1, 1, 1.1, 1.05, 1.02).noisy, true);
  assert.is(outcome(noisy), '1.00 noisy');
});

test('noise: a noisy row is measured again, at most three times, and only while there is time', async () => {
  const measuredIn = async (until: number, ...all: readonly Row[]) => {
    let count = 0;
    await untilSteady({ until }, async () => [all[count++] ?? noisy]);
    return count;
  };
  assert.is(await measuredIn(Number.POSITIVE_INFINITY, steady), 1);
  assert.is(await measuredIn(Number.POSITIVE_INFINITY, noisy, steady), 2);
  assert.is(await measuredIn(Number.POSITIVE_INFINITY), 1 + maxRepeats);
  assert.is(await measuredIn(0), 1);
});

test('target: reached or missed by the median as it is shown, not certain if it lies in the interval', () => {
  assert.is(outcome(steady), '1.00 reached');
  assert.is(outcome(paired(2, 1, 1, 1, 1, 1)), '2.00 missed');
  assert.is(outcome(paired(1.001, 1, 1, 1, 1, 1)), '1.00 reached');
  assert.is(outcome(paired(1.03, 1, 1.02, 1.04, 1.05, 1.06)), '1.03 reached, not certain');
  assert.is(outcome(paired(1.03, 1, 1.01, 1.02, 1.05, 1.06)), '1.03 missed, not certain');
});

test('order of a round: each entry follows each other one equally often', () => {
  for (const entries of [
    ['a', 'b'],
    ['a', 'b', 'c'],
    ['a', 'b', 'c', 'd'],
  ]) {
    const rounds = entries.length * (entries.length % 2 === 1 ? 2 : 1);
    const followers: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const order = balancedOrder(round, entries);
      assert.equal([...order].sort(), entries);
      followers.push(...order.slice(1).map((entry, index) => `${order[index]}${entry}`));
    }
    const times = new Map(followers.map((pair) => [pair, followers.filter((one) => one === pair).length]));
    assert.is(times.size, entries.length * (entries.length - 1));
    assert.is(new Set(times.values()).size, 1);
  }
});

test('line: both medians, the ratio, its interval and the target', () => {
  const row = rowOf({
    ...{ workload: 'unpack', variant: '12 layers', unit: 'ms', target: 1 },
    ours: { name: 'snapledger', values: [100, 100, 100, 100, 100] },
    theirs: { name: 'builtin', values: [200, 200, 200, 200, 200] },
  });
  assert.is(
    rowLine(row),
    'unpack, 12 layers: 100 ms, builtin 200 ms: 2.00 times as fast (95 %: 2.00-2.00 of 5 pairs); target 1.00 reached',
  );
});

test('comparison of builds: a regression is an interval below 0.95, of five pairs or more', () => {
  assert.ok(isRegression(paired(1, 0.5, 0.9, 0.6, 0.94, 0.7)));
  assert.not(isRegression(paired(1, 0.5, 0.9, 0.6, 0.96, 0.7)));
  assert.not(isRegression(paired(1, 0.5, 0.5, 0.5, 0.5)));
  assert.match(
    comparisonLine(paired(1, 0.9, 0.9, 0.9, 0.9, 0.9)),
    /^REGRESSION lifecycle, overlay, 1 worker: .* v1 .* 0\.90 times/,
  );
  assert.match(comparisonLine(noisy), /^noisy/);
  assert.match(comparisonLine(steady), /^ok/);
});

test('figures: only significant digits', () => {
  assert.equal([1234.5, 99.44, 1.234, 0.0512].map(figure), ['1,235', '99.4', '1.2', '0.051']);
});

test.run();
