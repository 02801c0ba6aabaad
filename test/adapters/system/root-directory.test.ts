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
} from '../../../src/adapters/system/root-directory.ts';
import { Fault } from '../../../src/ports/fault.ts';

const test = suite('adapters/system/root/root-directory');
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

test('a missing root is made for its owner alone, whatever the umask', () => {
  const root = fresh();
  const mask = process.umask(0);
  prepareRoot(join(root, 'deep'));
  process.umask(mask);
  assert.is(statSync(join(root, 'deep')).mode & 0o777, 0o700);
  prepareRoot(join(root, 'deep'));
});

test('a root that is a file, or lies below one, is refused', () => {
  const root = fresh();
  writeFileSync(root, '');
  for (const wrong of [root, join(root, 'below')]) {
    const { code, message, hint } = fault(() => prepareRoot(wrong));
    assert.is(code, 'misuse');
    assert.match(message, 'is not a directory');
    assert.ok(hint.length > 0);
  }
});

test("a root of containerd's own snapshotters is refused", () => {
  const root = fresh();
  mkdirSync(root);
  writeFileSync(join(root, 'metadata.db'), '');
  assert.match(fault(() => prepareRoot(root)).message, 'metadata.db');
});

test('a store whose log is gone is refused instead of being taken for full of orphans', async () => {
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

test('the identity comes back as it was written, and a damaged one is named', async () => {
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

test('who holds the root is told by name', () => {
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
