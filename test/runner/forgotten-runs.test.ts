import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { forgottenRuns } from './forgotten-runs.ts';

const fixture = (name: string) => readFileSync(`test/runner/fixtures/${name}.fixture.ts`, 'utf8');

const test = suite('runner: forgotten runs');

test('reports a suite that is never run', () => {
  assert.equal(forgottenRuns(fixture('forgotten')), ['arithmetic']);
});

test('reports nothing if every suite is run', () => {
  assert.equal(forgottenRuns(fixture('late')), []);
});

test('counts two suites of one name in a contract', () => {
  const one = ['function contract() {\n', '  const test', ' = ', "suite('x');", '\n  test.run();\n}\n'].join('');
  assert.equal(forgottenRuns(one + one), []);
  assert.equal(forgottenRuns(one + one.replace('test.run();', '')), ['test']);
});

test.run();
