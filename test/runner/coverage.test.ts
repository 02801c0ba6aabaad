import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tooLittle } from './coverage.ts';

const covered = (pct: number) => ({ lines: { pct } });

const test = suite('runner: coverage');

test('accepts 90 % of all lines and every line of pure code', () => {
  const coverage = { total: covered(90), '/p/events/a.ts': covered(100), '/p/src/app/b.ts': covered(40) };
  assert.equal(tooLittle(coverage, '/p'), []);
});

test('reports a pure file with a line that no test runs', () => {
  const coverage = { total: covered(99), '/p/src/domain/a.ts': covered(99.5), '/p/projections/b.ts': covered(100) };
  assert.equal(tooLittle(coverage, '/p'), ['tests cover 99.5 % of src/domain/a.ts, pure code: 100 % are required']);
});

test('requires 90 % of all lines', () => {
  assert.equal(tooLittle({ total: covered(89.9) }, '/p'), ['tests cover 89.9 % of all lines, 90 % are required']);
});

test.run();
