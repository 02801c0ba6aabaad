import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFileFleetCheckpoint } from '../../../src/adapters/event-source/fleet-checkpoint.ts';
import type { FleetProgress } from '../../../src/ports/fleet-source.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { createSandbox } from '../../support/sandbox.ts';

const sandbox = createSandbox('fleet-checkpoint');
const test = suite("a fleet reader's checkpoint in a file");
test.after(() => sandbox.close());

const progress: FleetProgress = {
  at: { commit: 18_446_744_073_709_551_615n, prepare: 7n },
  heads: new Map([
    ['a', { position: 3, chainHash: 'ab'.repeat(32), stopped: false }],
    ['b', { position: 0, chainHash: '', stopped: true }],
  ]),
};

test('holds nothing if there is none, afterwards the last one saved', async () => {
  const file = join(sandbox.folder('one'), 'progress');
  const checkpoint = createFileFleetCheckpoint(file);
  assert.is(await checkpoint.load(), undefined);
  await checkpoint.save({ at: { commit: 1n, prepare: 1n }, heads: new Map() });
  await checkpoint.save(progress);
  assert.equal(await createFileFleetCheckpoint(file).load(), progress);
  assert.equal(readdirSync(join(sandbox.path, 'one')), ['progress']);
});

test('refuses a file with other content, and a path that cannot be written', async () => {
  const file = join(sandbox.folder('two'), 'progress');
  const head = '{"position":"1","chainHash":"","stopped":false}';
  for (const text of [
    '',
    '7\n',
    '{"format":"snapledger.fleet-reader.v2","at":{"commit":"1","prepare":"1"},"heads":{}}',
    '{"format":"snapledger.fleet-reader.v1","at":{"commit":"-1","prepare":"1"},"heads":{}}',
    `{"format":"snapledger.fleet-reader.v1","at":{"commit":"1","prepare":"1"},"heads":{"a":${head.replace('"1"', '"x"')}}}`,
  ]) {
    writeFileSync(file, text);
    const { code, message, hint } = await caughtFault(createFileFleetCheckpoint(file).load());
    assert.is(code, 'corrupt', text);
    assert.match(message, `checkpoint ${file}: `);
    assert.match(hint, 'delete it');
  }
  const nowhere = createFileFleetCheckpoint(join(sandbox.path, 'missing', 'progress'));
  assert.is((await caughtFault(nowhere.save(progress))).code, 'io');
});

test.run();
