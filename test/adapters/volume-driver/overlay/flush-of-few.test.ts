import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fewEntries } from '../../../../src/adapters/volume-driver/overlay/few-entries.ts';
import { createFlushOfFew } from '../../../../src/adapters/volume-driver/overlay/flush-of-few.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

const test = suite<{ sandbox: Sandbox; layer: string }>('overlay driver, layers of few files');
test.before.each((context) => {
  context.sandbox = createSandbox('few');
  context.layer = context.sandbox.folder('snapshots/1/fs');
});
test.after.each(({ sandbox }) => sandbox.close());

test('tells files, directories before what is in them, and what is neither', ({ layer }) => {
  mkdirSync(`${layer}/a/b`, { recursive: true });
  for (const file of ['top', 'a/one', 'a/b/two']) writeFileSync(`${layer}/${file}`, '');
  symlinkSync('/', `${layer}/link`);
  execFileSync('mkfifo', [`${layer}/a/pipe`]);
  const { files, directories, others } = fewEntries(layer, 7) ?? { files: [], directories: [], others: -1 };
  assert.equal(
    [...files].sort(),
    ['a/b/two', 'a/one', 'top'].map((name) => `${layer}/${name}`),
  );
  assert.equal(directories, [layer, `${layer}/a`, `${layer}/a/b`]);
  assert.is(others, 2);
});

test('tells nothing of more entries than asked for, wherever they are', ({ layer }) => {
  mkdirSync(`${layer}/a`);
  for (let n = 0; n < 3; n++) writeFileSync(`${layer}/a/${n}`, '');
  assert.ok(fewEntries(layer, 4));
  assert.is(fewEntries(layer, 3), undefined);
  assert.throws(() => fewEntries(`${layer}/none`, 3), /ENOENT/);
});

for (const ordered of [true, false]) {
  const where = ordered ? 'with' : 'without';
  test(`flushes few files and none itself, ${where} ordered metadata`, async ({ sandbox, layer }) => {
    const flush = createFlushOfFew(sandbox.path, ordered);
    assert.is(await flush(1), true);
    mkdirSync(`${layer}/a`);
    for (let n = 0; n < 20; n++) writeFileSync(`${layer}/a/${n}`, 'x');
    assert.is(await flush(1), true);
    symlinkSync('/', `${layer}/link`);
    assert.is(await flush(1), ordered);
    for (let n = 0; n < 20; n++) writeFileSync(`${layer}/a/more ${n}`, 'x');
    assert.is(await flush(1), false);
  });
}

test('leaves a layer that is not there, or whose files go meanwhile, to others', async ({ sandbox, layer }) => {
  const flush = createFlushOfFew(sandbox.path, true);
  assert.is(await flush(2), false);
  for (let n = 0; n < 20; n++) writeFileSync(`${layer}/${n}`, 'x');
  const flushed = flush(1);
  // The names were read in the same turn; the files are opened after it.
  for (let n = 0; n < 20; n++) rmSync(`${layer}/${n}`);
  assert.is(await flushed, false);
});

test.run();
