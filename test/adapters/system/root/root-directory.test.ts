import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  heldBy,
  prepareRoot,
  readIdentity,
  writeHolder,
  writeIdentity,
} from '../../../../src/adapters/system/root/root-directory.ts';
import { Fault } from '../../../../src/ports/fault.ts';

const test = suite('root directory');
const base = mkdtempSync(join(tmpdir(), 'snapledger-root-'));
let count = 0;

const fresh = () => join(base, `root-${++count}`);

function fault(act: () => void): Fault {
  try {
    act();
  } catch (error) {
    assert.instance(error, Fault);
    return error as Fault;
  }
  return assert.unreachable('no fault') as never;
}

test('is created with access only for its owner, whatever the umask', () => {
  const root = fresh();
  const mask = process.umask(0);
  prepareRoot(join(root, 'deep'));
  process.umask(mask);
  assert.is(statSync(join(root, 'deep')).mode & 0o777, 0o700);
  prepareRoot(join(root, 'deep'));
});

test('is refused if it is a file, or below one', () => {
  const root = fresh();
  writeFileSync(root, '');
  for (const wrong of [root, join(root, 'below')]) {
    const { code, message, hint } = fault(() => prepareRoot(wrong));
    assert.is(code, 'misuse');
    assert.match(message, 'is not a directory');
    assert.ok(hint.length > 0);
  }
});

test("is refused if it belongs to containerd's own snapshotters", () => {
  const root = fresh();
  mkdirSync(root);
  writeFileSync(join(root, 'metadata.db'), '');
  assert.match(fault(() => prepareRoot(root)).message, 'metadata.db');
});

test('is refused if its log is missing, instead of taking all volumes for orphans', async () => {
  const [volumes, identity] = [fresh(), fresh()];
  mkdirSync(join(volumes, 'snapshots/1/fs'), { recursive: true });
  assert.is(fault(() => prepareRoot(volumes)).code, 'corrupt');
  mkdirSync(join(identity, 'log'), { recursive: true });
  await writeIdentity(identity, { store: 's', driver: 'overlay' });
  assert.match(fault(() => prepareRoot(identity)).message, 'its log is gone');
  await writeIdentity(identity, { store: 's', driver: 'overlay', log: 'kurrentdb://a' });
  prepareRoot(identity);
  await writeIdentity(identity, { store: 's', driver: 'overlay' });
  writeFileSync(join(identity, 'log/00000000000000000001.log'), '');
  prepareRoot(identity);
});

test('keeps its identity, and names a damaged one', async () => {
  const root = fresh();
  mkdirSync(root);
  assert.is(readIdentity(root), undefined);
  await writeIdentity(root, { store: 'id', driver: 'overlay' });
  assert.equal(readIdentity(root), { store: 'id', driver: 'overlay' });
  for (const text of ['', '{"store":1}', '{"store":"id","driver":']) {
    writeFileSync(join(root, 'store'), text);
    const { code, message } = fault(() => readIdentity(root));
    assert.is(code, 'corrupt');
    assert.match(message, join(root, 'store'));
  }
});

test('is refused with the name of the process that holds it', () => {
  const root = fresh();
  mkdirSync(root);
  writeHolder(root, { pid: 4711, address: '/run/a.sock', http: '/run/b.sock', since: '2026-01-01T00:00:00Z' });
  const { code, message } = heldBy(root);
  assert.is(code, 'busy');
  assert.match(message, '"pid":4711');
  assert.match(readFileSync(join(root, 'lock'), 'utf8'), '/run/a.sock');
  writeFileSync(join(root, 'lock'), '');
  assert.match(heldBy(root).message, 'another process');
});

test.after(() => rmSync(base, { recursive: true }));

test.run();
