import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tooLittle } from './coverage.ts';

const covered = (pct: number) => ({ lines: { pct } });

const test = suite('coverage');

test('is content with 90 % of all lines and every line of the pure rooms', () => {
  const coverage = { total: covered(90), '/p/events/a.ts': covered(100), '/p/src/app/b.ts': covered(40) };
  assert.equal(tooLittle(coverage, '/p'), []);
});

test('names a pure file with a line that no test runs', () => {
  const coverage = { total: covered(99), '/p/src/domain/a.ts': covered(99.5), '/p/projections/b.ts': covered(100) };
  assert.equal(tooLittle(coverage, '/p'), ['tests cover 99.5 % of src/domain/a.ts, a pure room: 100 % are asked for']);
});

test('asks for 90 % of everything', () => {
  assert.equal(tooLittle({ total: covered(89.9) }, '/p'), ['tests cover 89.9 % of all lines, 90 % are asked for']);
});

test.run();
