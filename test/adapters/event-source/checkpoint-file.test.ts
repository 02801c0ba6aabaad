import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFileReaderCheckpoint } from '../../../src/adapters/event-source/reader-checkpoint.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';

const test = suite<{ sandbox: Sandbox; file: string }>("a reader's checkpoint in a file");
test.before.each((context) => {
  context.sandbox = createSandbox('checkpoint');
  context.file = join(context.sandbox.path, 'position');
});
test.after.each(({ sandbox }) => sandbox.close());

test('is 0 if there is none, afterwards the last one saved', async ({ file, sandbox }) => {
  const checkpoint = createFileReaderCheckpoint(file);
  assert.is(await checkpoint.load(), 0);
  await checkpoint.save(7);
  await checkpoint.save(123_456);
  assert.is(await createFileReaderCheckpoint(file).load(), 123_456);
  assert.equal([readFileSync(file, 'utf8'), readdirSync(sandbox.path)], ['123456\n', ['position']]);
});

test('ignores what a crash left half written', async ({ file }) => {
  const checkpoint = createFileReaderCheckpoint(file);
  await checkpoint.save(7);
  writeFileSync(`${file}.new`, '9');
  assert.is(await checkpoint.load(), 7);
  await checkpoint.save(10);
  assert.is(await checkpoint.load(), 10);
});

test('refuses a file with other content, and a path that cannot be written', async ({ file, sandbox }) => {
  for (const text of ['', '7', 'seven\n', '-1\n', '9999999999999999\n']) {
    writeFileSync(file, text);
    const fault = await caughtFault(createFileReaderCheckpoint(file).load());
    assert.equal([fault.code, fault.message], ['corrupt', `checkpoint ${file}: holds no position`]);
  }
  const nowhere = createFileReaderCheckpoint(join(sandbox.path, 'missing', 'position'));
  assert.is((await caughtFault(nowhere.save(1))).code, 'io');
  assert.is((await caughtFault(createFileReaderCheckpoint(sandbox.path).load())).code, 'io');
});

test.run();
