import { lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { linkImageFs } from '../../../src/adapters/system/image-fs-link.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';

const test = suite<{ sandbox: Sandbox; path: string; root: string }>('link to the image file system');

test.before.each((context) => {
  context.sandbox = createSandbox('image-fs');
  context.path = join(context.sandbox.path, 'containerd/io.containerd.snapshotter.v1.snapledger');
  context.root = context.sandbox.folder('root');
});
test.after.each(({ sandbox }) => sandbox.close());

test("is created, with containerd's root if that is missing, and kept", ({ sandbox, path, root }) => {
  assert.is(linkImageFs(path, root), undefined);
  assert.is(readlinkSync(path), root);
  assert.is(lstatSync(join(sandbox.path, 'containerd')).mode & 0o777, 0o711);
  const { ino } = lstatSync(path);
  assert.is(linkImageFs(path, root), undefined);
  assert.is(lstatSync(path).ino, ino);
});

test('replaces a link to another root, and the rest of an interrupted start', ({ sandbox, path, root }) => {
  const folder = sandbox.folder('containerd');
  symlinkSync('/nowhere', path);
  symlinkSync('/elsewhere', `${path}.new`);
  assert.is(linkImageFs(path, root), undefined);
  assert.is(readlinkSync(path), root);
  assert.equal(readdirSync(folder), ['io.containerd.snapshotter.v1.snapledger']);
});

test('does not touch what is no link, and says what to do', ({ path, root }) => {
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'metadata.db'), 'x');
  assert.match(linkImageFs(path, root) ?? '', /is not a link: move it out of the way/);
  assert.equal(readdirSync(path), ['metadata.db']);
});

test('is absent if it cannot be created, with the reason', ({ sandbox, root }) => {
  const file = join(sandbox.path, 'file');
  writeFileSync(file, '');
  assert.match(linkImageFs(join(file, 'link'), root) ?? '', /ENOTDIR/);
});

test.run();
