import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { errnoName, errnoNames, isErrno, meaningOf, nameOfErrno, printedError } from '../../src/ports/errno.ts';
import { Fault, type FaultCode, faultCode, faultOf, isFull, isTransient } from '../../src/ports/fault.ts';
import { rawError } from '../support/raw-error.ts';

const test = suite('errno');

const codes: Partial<Record<(typeof errnoNames)[number], FaultCode>> = {
  ENOSPC: 'no-space',
  EDQUOT: 'no-space',
  EROFS: 'read-only',
  ESTALE: 'stale',
  EUCLEAN: 'corrupt',
  EBADMSG: 'corrupt',
  EIO: 'io',
  ENFILE: 'exhausted',
  EMFILE: 'exhausted',
  ENOMEM: 'exhausted',
  EBUSY: 'busy',
  ENOTSUP: 'unsupported',
  ENOSYS: 'unsupported',
  ENOTTY: 'unsupported',
};

for (const name of errnoNames)
  test(`knows ${name} by its number, by its name and as commands print it`, () => {
    const code = codes[name] ?? 'io';
    assert.is(faultCode(rawError(name, 'write')), code);
    assert.is(faultCode(Object.assign(new Error(name), { code: name })), code);
    const said = execFileSync('perl', ['-e', `$! = ${meaningOf(name).errno}; print $!`], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
    });
    const printed = printedError(`cp: error writing 'x': ${said}`, 'cp failed');
    assert.is(errnoName(printed), name);
    assert.is(printed.message, 'cp failed');
    assert.is(faultCode(printed), code);
  });

test('accepts the number of a real error that has no name in Node', () => {
  const full = openSync('/dev/full', 'w');
  try {
    writeSync(full, 'x');
    assert.unreachable();
  } catch (error) {
    assert.ok(isErrno(error, 'ENOSPC') && isFull(error) && isTransient(error));
  } finally {
    closeSync(full);
  }
  assert.not(isErrno(rawError('EDQUOT', ''), 'ENOSPC'));
  assert.not.match(String(rawError('EDQUOT', '').code), /EDQUOT/);
});

test('leaves unknown errors to the caller', () => {
  for (const error of [new Error('no number'), 'text', undefined, Object.assign(new Error('x'), { errno: -9999 })])
    assert.equal([errnoName(error), faultOf(error, 'what', 'do that').code], [undefined, 'io']);
  assert.is(faultOf(rawError('EPERM', ''), 'what', 'be root').hint, 'be root');
  assert.is(nameOfErrno(122), 'EDQUOT');
  assert.is(errnoName(printedError('tar: it broke', 'tar')), undefined);
});

test('has a hint for every error', () => {
  for (const name of errnoNames) {
    const { code, hint, message } = faultOf(rawError(name, 'write'), 'log segment x');
    assert.match(message, /^log segment x: /);
    assert.ok(hint.length > 10, `${name}: ${code}`);
  }
  assert.match(faultOf(rawError('EDQUOT', ''), '').hint, 'quota');
  assert.match(faultOf(rawError('EMFILE', ''), '').hint, 'LimitNOFILE');
});

test('passes a fault on unchanged', () => {
  const fault = new Fault('busy', 'x', { hint: 'y' });
  assert.is(faultOf(fault, 'z'), fault);
  assert.not(isTransient(fault));
  assert.not(isTransient(rawError('EIO', '')));
  assert.not(isTransient(rawError('ESTALE', '')));
});

test('recognises a thread that cannot be started for lack of descriptors', () => {
  const script = `
    require('node:child_process').execFileSync('prlimit', ['--pid=' + process.pid, '--nofile=1:']);
    const thread = new (require('node:worker_threads').Worker)('', { eval: true });
    thread.on('error', ({ code, message }) => console.log(JSON.stringify({ code, message })));`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  assert.is(faultCode(JSON.parse(stdout)), 'exhausted');
});

test('recognises the errors of a process without descriptors', () => {
  const script = `const fs = require('node:fs'); for (;;) try { fs.openSync('/dev/null') } catch (e) { fs.writeSync(1, String(e.errno)); process.exit() }`;
  const { stdout } = spawnSync('prlimit', ['--nofile=64', process.execPath, '-e', script], { encoding: 'utf8' });
  assert.is(faultCode({ errno: Number(stdout) }), 'exhausted');
});

test.run();
