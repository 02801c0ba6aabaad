import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSystem } from '../../../../src/adapters/system/system.ts';
import { allWritten, fewFiles, flushFew } from '../../../../src/adapters/volume-driver/overlay/flush.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

const { writeData } = createSystem();
const test = suite<{ sandbox: Sandbox; layer: string }>('overlay driver, flush of few files');
test.before.each((context) => {
  context.sandbox = createSandbox('few');
  context.layer = context.sandbox.folder('layer');
});
test.after.each(({ sandbox }) => sandbox.close());

test('lists the regular files of a tree, up to the entry limit', ({ layer }) => {
  mkdirSync(`${layer}/a/b`, { recursive: true });
  const names = ['a/b/two', 'a/one', 'top'];
  for (const name of names) writeFileSync(`${layer}/${name}`, '');
  symlinkSync('/', `${layer}/link`);
  execFileSync('mkfifo', [`${layer}/a/pipe`]);
  assert.equal(
    [...(fewFiles(layer, 7) ?? [])].sort(),
    names.map((name) => `${layer}/${name}`),
  );
  assert.is(fewFiles(layer, 6), undefined);
  assert.throws(() => fewFiles(`${layer}/none`, 3), /ENOENT/);
});

test('flushes a layer of few files by file, and leaves a larger one to syncfs', async ({ layer }) => {
  assert.is(await flushFew(layer, writeData), true);
  for (let n = 0; n < 10; n++) writeFileSync(`${layer}/${n}`, 'x');
  symlinkSync('/', `${layer}/link`);
  assert.is(await flushFew(layer, writeData), true);
  for (let n = 10; n < 40; n++) writeFileSync(`${layer}/${n}`, 'x');
  assert.is(await flushFew(layer, writeData), false);
});

test('leaves a missing or vanishing layer to syncfs', async ({ layer }) => {
  assert.is(await flushFew(`${layer}/none`, writeData), false);
  for (const name of ['one', 'two']) writeFileSync(`${layer}/${name}`, 'x');
  assert.is(await allWritten([`${layer}/one`, `${layer}/two`], writeData), true);
  assert.is(await allWritten([`${layer}/one`, `${layer}/gone`, `${layer}/two`], writeData), false);
  symlinkSync('one', `${layer}/link`);
  assert.is(await allWritten([`${layer}/link`], writeData), false);
});

test('reports data that could not be written, when no file is in use any more', async ({ layer }) => {
  for (const name of ['one', 'two', 'three']) writeFileSync(`${layer}/${name}`, 'x');
  let running = 0;
  const failing = async (fd: number) => {
    running += 1;
    if (running === 1) {
      running -= 1;
      throw new Error('EIO');
    }
    await writeData(fd);
    running -= 1;
  };
  const paths = ['one', 'two', 'three'].map((name) => `${layer}/${name}`);
  assert.is(await allWritten(paths, failing).catch((error: Error) => error.message), 'EIO');
  assert.is(running, 0);
});

test.run();
