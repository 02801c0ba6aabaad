import { spawnSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFailpoints, parseFailpoints } from '../../../src/adapters/system/failpoints.ts';
import { noFailpoints, type Step, steps } from '../../../src/ports/failpoints.ts';
import { Fault } from '../../../src/ports/fault.ts';

const test = suite('failpoints');

const codeAt = (failpoint: (step: Step) => void, step: Step) => {
  try {
    failpoint(step);
    return 'went on';
  } catch (error) {
    return error instanceof Fault ? error.code : String(error);
  }
};

test('do nothing by default', () => {
  assert.is(createFailpoints(), noFailpoints);
  assert.is(createFailpoints(' ; '), noFailpoints);
});

test('fail a named step each time, and no other', () => {
  const failpoint = createFailpoints('commit.freeze=error(EIO);log.write=error(ENOSPC)');
  assert.equal(
    steps.filter((step) => codeAt(failpoint, step) !== 'went on'),
    ['commit.freeze', 'log.write'],
  );
  assert.is(codeAt(failpoint, 'commit.freeze'), 'io');
  assert.is(codeAt(failpoint, 'log.write'), 'no-space');
});

test('fail at the given occurrence, and not later', () => {
  const failpoint = createFailpoints('log.write=error(EIO)@2; log.write=error(ENOSPC)@4');
  assert.equal(
    Array.from({ length: 5 }, () => codeAt(failpoint, 'log.write')),
    ['went on', 'io', 'went on', 'no-space', 'went on'],
  );
});

test('end the process at once: nothing runs after it', () => {
  const module = new URL('../../../src/adapters/system/failpoints.js', import.meta.url);
  const script = `
    import { writeSync } from 'node:fs';
    const { createFailpoints } = await import(${JSON.stringify(module.href)});
    const failpoint = createFailpoints('log.sync=kill@2');
    for (let n = 1; n < 4; n++) { failpoint('log.sync'); writeSync(1, String(n)); }`;
  const { signal, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', script]);
  assert.equal([signal, String(stdout)], ['SIGKILL', '1']);
});

test('refuse unknown steps and actions, and list the known ones', () => {
  const refused = (text: string): Fault => {
    try {
      parseFailpoints(text);
    } catch (error) {
      if (error instanceof Fault) return error;
    }
    return assert.unreachable(`${text} was taken`) as never;
  };
  assert.is(refused('commit.freze=kill').code, 'misuse');
  assert.match(refused('commit.freze=kill').hint, 'commit.freeze');
  assert.match(refused('log.write').hint, 'log.write');
  for (const action of ['die', 'error(EIEIO)', 'kill@0', 'kill@x', 'toString'])
    assert.match(refused(`log.write=${action}`).code, 'misuse');
  assert.match(refused('log.write=die').hint, 'error(ENOSPC)');
});

test.run();
