import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { createSandbox } from '../support/sandbox.ts';
import { daemonFile } from '../support/server.ts';
import { snapledgerRun } from './process.ts';

const test = suiteNeeding('a machine that koffi has no binary for', requireFileSystem('overlay'));

const stub = `const { Module } = require('node:module');
const load = Module._load;
Module._load = (name, ...rest) => {
  if (name === 'koffi') throw new Error('no binary');
  return load(name, ...rest);
};`;

test('native calls: serve ends with one hint, and commands that read a stopped store work', async () => {
  const sandbox = createSandbox('koffi');
  try {
    const root = join(sandbox.path, 'root');
    const preload = join(sandbox.path, 'stub.cjs');
    writeFileSync(preload, stub);
    const without = (...args: readonly string[]) =>
      run(process.execPath, ['--require', preload, daemonFile, ...args], { anyStatus: true });
    assert.is((await snapledgerRun('init', '--root', root)).status, 0);
    const serve = await without('serve', '--root', root, '--address', join(sandbox.path, 's.sock'));
    assert.is(serve.status, 1);
    assert.match(serve.stderr, "native calls: koffi can't be loaded: no binary");
    assert.match(serve.stderr, /^hint: install snapledger with its optional dependencies/m);
    for (const command of ['log', 'verify', 'tree', 'stats']) {
      const read = await without(command, '--root', root);
      assert.is(read.status, 0, `${command}: ${read.stderr}`);
    }
  } finally {
    await sandbox.close();
  }
});

test.run();
