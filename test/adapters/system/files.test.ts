import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { makeDirectories } from '../../../src/adapters/system/files.ts';
import { isErrno } from '../../../src/ports/errno.ts';
import { fillQuota, limitedSubvolume } from '../../fault/small-disk.ts';
import { createLoop } from '../../support/loop.ts';
import { requireFileSystem, suiteNeeding } from '../../support/requirements.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';

const test = suiteNeeding<{ sandbox: Sandbox }>('makeDirectories', requireFileSystem('btrfs'));
test.before.each((context) => {
  context.sandbox = createSandbox('directories');
});
test.after.each(({ sandbox }) => sandbox.close());

test('creates missing directories with the mode, and keeps existing ones', ({ sandbox }) => {
  const path = join(sandbox.path, 'a/b/c');
  makeDirectories(path, 0o711);
  makeDirectories(path, 0o700);
  assert.is(statSync(path).mode & 0o777, 0o711);
});

test('throws if a file is in the way', ({ sandbox }) => {
  const file = join(sandbox.path, 'file');
  writeFileSync(file, '');
  for (const path of [file, join(file, 'a'), join(file, 'a', 'b')])
    assert.throws(
      () => makeDirectories(path),
      (error: unknown) => isErrno(error, 'EEXIST') && (error as Error).message.includes(`'${file}'`),
    );
});

test('names an exceeded quota, several directories deep', ({ sandbox }) => {
  const loop = createLoop('btrfs', { megabytes: 256 });
  sandbox.atEnd(loop.end);
  const limited = limitedSubvolume(loop, '16M');
  fillQuota(limited);
  assert.throws(
    () => makeDirectories(join(limited, 'a/b')),
    (error: unknown) => isErrno(error, 'EDQUOT'),
  );
});

test.run();
