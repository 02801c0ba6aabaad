import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { casesIn } from './report.ts';

const printed = `=== RUN   TestSuite
=== RUN   TestSuite/Basic
=== PAUSE TestSuite/Basic
=== RUN   TestSuite/Rename
=== PAUSE TestSuite/Rename
=== CONT  TestSuite/Basic
    testsuite.go:1: no such file
=== CONT  TestSuite/Rename
    testsuite.go:2: not here
--- FAIL: TestSuite (0.00s)
    --- FAIL: TestSuite/Basic (1.08s)
    --- SKIP: TestSuite/Rename (0.10s)
FAIL
`;

const test = suite('report of a Go test');

test('has every case with its outcome and its own output', () => {
  const [basic, rename, ...rest] = casesIn(printed);
  assert.equal(basic, { name: 'Basic', outcome: 'FAIL', output: '    testsuite.go:1: no such file\n' });
  assert.is(rename?.outcome, 'SKIP');
  assert.match(rename?.output ?? '', 'not here');
  assert.equal(rest, []);
});

test('has no case if the test ended before the first', () => {
  assert.equal(casesIn('panic: no root\n'), []);
});

test.run();
