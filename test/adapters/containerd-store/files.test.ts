import { chmodSync, chownSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createContainerdDatabases } from '../../../src/adapters/containerd-store/containerd-databases.ts';
import { createSystem } from '../../../src/adapters/system/system.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { sampleMetadata } from '../../support/sample-metadata.ts';
import { createSandbox } from '../../support/sandbox.ts';

const test = suite("files of containerd's databases");
const sandbox = createSandbox('containerd-store');
const databases = createContainerdDatabases(createSystem());
test.after(() => sandbox.close());

const file = (name: string) => join(sandbox.path, name);

test('open: locks the file until it is released, and does not change it', async () => {
  const path = file('locked.db');
  const { sha256, bytes } = await databases.writeMetadata(path, sampleMetadata);
  const opened = await databases.openMetadata(path);
  assert.equal(opened.content, sampleMetadata);
  assert.equal([opened.sha256, opened.bytes, opened.transaction], [sha256, bytes, 1n]);
  const fault = await caughtFault(databases.openMetadata(path));
  assert.is(fault.code, 'busy');
  assert.match(fault.message, `${path}: locked`);
  assert.match(fault.hint, 'stop containerd');
  await opened.release();
  await (await databases.openBuckets(path)).release();
});

test('open: releases what it refuses, and names the file', async () => {
  const path = file('cut.db');
  await databases.writeMetadata(path, sampleMetadata);
  const whole = readFileSync(path);
  truncateSync(path, 8192);
  const fault = await caughtFault(databases.openMetadata(path));
  assert.is(fault.code, 'corrupt');
  assert.match(fault.message, `${path}: cut off: 8192 bytes`);
  writeFileSync(path, whole);
  await (await databases.openMetadata(path)).release();
});

test('open: creates nothing, and follows no link', async () => {
  await databases.writeMetadata(file('real.db'), sampleMetadata);
  symlinkSync('real.db', file('link.db'));
  for (const [path, text] of [
    [file('absent.db'), 'does not exist'],
    [join(file('real.db'), 'below'), 'does not exist'],
    [file('link.db'), 'is not a plain file'],
    [sandbox.path, 'is not a plain file'],
  ] as const) {
    const fault = await caughtFault(databases.openMetadata(path));
    assert.is(fault.code, 'missing');
    assert.match(fault.message, `${path}: ${text}`);
  }
  assert.is(statSync(file('absent.db'), { throwIfNoEntry: false }), undefined);
});

test('write: a new file is for root only, a replaced one keeps its mode and owner', async () => {
  const path = file('mode.db');
  await databases.writeMetadata(path, sampleMetadata);
  assert.is(statSync(path).mode & 0o7777, 0o600);
  chmodSync(path, 0o644);
  if (process.geteuid?.() === 0) chownSync(path, 12, 34);
  const before = statSync(path);
  await databases.writeMetadata(path, { ...sampleMetadata, lastId: 99 });
  const after = statSync(path);
  assert.equal([after.mode, after.uid, after.gid], [before.mode, before.uid, before.gid]);
  assert.is.not(after.ino, before.ino);
  assert.is(statSync(`${path}.new`, { throwIfNoEntry: false }), undefined);
});

test('write: refuses what containerd could not read, and leaves the file', async () => {
  const path = file('refused.db');
  const { sha256 } = await databases.writeMetadata(path, sampleMetadata);
  const [base, ...others] = sampleMetadata.snapshots;
  if (base === undefined) throw new Error('no snapshot');
  for (const [snapshot, code, text] of [
    [{ ...base, parent: 'gone' }, 'corrupt', /its parent "gone" does not exist/],
    [{ ...base, id: 2 }, 'corrupt', /has the id 2 of/],
    [{ ...base, usage: null }, 'corrupt', /no field size/],
    [{ ...base, key: '' }, 'corrupt', /a key of 0 bytes/],
    [{ ...base, key: 'k'.repeat(32_769) }, 'unsupported', /a key of 32769 bytes/],
    [{ ...base, key: 'ns/4/top' }, 'corrupt', /out of order/],
    [{ ...base, labels: { a: '\ud800' } }, 'corrupt', /other snapshots/],
    [{ ...base, created: 253_402_300_800n * 1_000_000_000n }, 'corrupt', /invalid field createdat/],
  ] as const) {
    const fault = await caughtFault(
      databases.writeMetadata(path, { ...sampleMetadata, snapshots: [snapshot, ...others] }),
    );
    assert.match(fault.message, text);
    assert.is(fault.code, code);
  }
  const { sha256: found, release } = await databases.openMetadata(path);
  await release();
  assert.is(found, sha256);
});

test.run();
