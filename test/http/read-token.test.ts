import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readToken } from '../../src/http/loopback.ts';
import { Fault } from '../../src/ports/fault.ts';
import { createSandbox } from '../support/sandbox.ts';

const sandbox = createSandbox('token');
const test = suite('readToken');
test.after(() => sandbox.close());

function written(text: string, mode = 0o600): string {
  const file = join(sandbox.path, 'token');
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

function faultOf(file: string): Fault {
  try {
    readToken(file);
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('reads a token without its line feed', () => {
  assert.is(readToken(written('c2VjcmV0LXNlY3JldC1zZWNyZXQ=\n')), 'c2VjcmV0LXNlY3JldC1zZWNyZXQ=');
});

test('a file that systemd loaded for the unit: is read whatever its mode is, and no other', () => {
  const file = written('0123456789abcdef', 0o640);
  assert.is(readToken(file, { CREDENTIALS_DIRECTORY: sandbox.path }), '0123456789abcdef');
  assert.throws(() => readToken(file, { CREDENTIALS_DIRECTORY: `${sandbox.path}/tok` }));
});

test('refuses a file that others can read, with a hint', () => {
  for (const mode of [0o640, 0o604, 0o622]) {
    const fault = faultOf(written('0123456789abcdef', mode));
    assert.is(fault.code, 'misuse');
    assert.match(fault.message, `others than its owner may read it (mode ${mode.toString(8)})`);
    assert.match(fault.hint, 'chmod 600');
  }
});

test('refuses invalid tokens: short, two of them, empty, endless', () => {
  for (const text of ['short', '0123456789abcdef 0123456789abcdef', '', 'x'.repeat(9000)]) {
    const fault = faultOf(written(text));
    assert.match(fault.message, 'holds no token');
    assert.match(fault.hint, 'umask 077');
  }
});

test('names a file that is missing or a directory', () => {
  mkdirSync(join(sandbox.path, 'folder'));
  const missing = faultOf(join(sandbox.path, 'missing'));
  assert.match(missing.message, 'there is no such file');
  const folder = faultOf(join(sandbox.path, 'folder'));
  assert.match(folder.message, 'is not a file');
  const below = faultOf(join(written('0123456789abcdef'), 'token'));
  assert.match(below.message, 'ENOTDIR');
});

test.run();
