import { closeSync, fdatasyncSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { writeInPlace } from '../../../src/adapters/system/commands.ts';
import { createSystem } from '../../../src/adapters/system/system.ts';
import { createLoop } from '../../support/loop.ts';
import { requireCommand, requireFileSystem, suiteNeeding } from '../../support/requirements.ts';
import { createSandbox } from '../../support/sandbox.ts';

const test = suiteNeeding('write in place', requireFileSystem('btrfs'), requireCommand('mkfs.btrfs'));

/** Uses up every free block. */
function fill(folder: string): void {
  const fd = openSync(join(folder, 'filler'), 'a');
  for (let bytes = 1 << 20; bytes >= 1; )
    try {
      writeSync(fd, Buffer.alloc(bytes));
    } catch {
      bytes = Math.floor(bytes / 2);
    }
  fsyncSync(fd);
  closeSync(fd);
}

test('lets a file grow within its preallocated blocks on a full btrfs that copies on write', () => {
  const loop = createLoop('btrfs');
  try {
    const folder = join(loop.path, 'log');
    mkdirSync(folder);
    assert.is(writeInPlace(folder), undefined);
    const fd = openSync(join(folder, 'file'), 'w');
    createSystem().preallocate(fd, 0, 1 << 20);
    for (let at = 0; at < 200; at++) {
      if (at === 1) fill(loop.path);
      writeSync(fd, Buffer.alloc(1000), 0, 1000, at * 1000);
      fdatasyncSync(fd);
    }
    closeSync(fd);
  } finally {
    loop.end();
  }
});

test('does nothing on other file systems, and reports a refusal', async () => {
  const loop = createLoop('btrfs', { mount: ['ro'] });
  const sandbox = createSandbox('in-place');
  try {
    assert.is(writeInPlace(sandbox.path), undefined);
    assert.match(writeInPlace(loop.path) ?? '', /can't be written in place: .*[Rr]ead-only/);
  } finally {
    await sandbox.close();
    loop.end();
  }
});

test.run();
