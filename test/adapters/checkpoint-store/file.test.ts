import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { checkpointName } from '../../../src/adapters/checkpoint-store/checkpoint-file.ts';
import { createFileCheckpointStore } from '../../../src/adapters/checkpoint-store/file-checkpoint-store.ts';
import type { CheckpointStore } from '../../../src/ports/checkpoint-store.ts';
import type { Step } from '../../../src/ports/failpoints.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { checkpointStoreContract, loadAll, positionAt } from '../../contract/checkpoint-store.contract.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';

checkpointStoreContract('file', async () => {
  const sandbox = createSandbox('checkpoints');
  const store = createFileCheckpointStore({ directory: join(sandbox.path, 'checkpoints') });
  return { store, dispose: () => sandbox.close() };
});

const test = suite<{ sandbox: Sandbox; directory: string; store: CheckpointStore }>('checkpoint files');

test.before.each((context) => {
  context.sandbox = createSandbox('checkpoints');
  context.directory = join(context.sandbox.path, 'checkpoints');
  context.store = createFileCheckpointStore({ directory: context.directory });
});
test.after.each(({ sandbox }) => sandbox.close());

/** Positions of the intact checkpoints, and the messages about the damaged ones. */
async function loaded(store: CheckpointStore) {
  const damaged: { file: string; why: string }[] = [];
  const positions: number[] = [];
  for await (const { at } of store.load((file, why) => damaged.push({ file, why }))) positions.push(at.position);
  return { positions, damaged };
}

test('are lines of JSON, the last of which proves the others', async ({ directory, store }) => {
  await store.save(positionAt(12), [{ row: 'store' }, { row: 'snapshot' }]);
  const text = readFileSync(join(directory, '00000000000000000012.ckpt'), 'utf8');
  const lines = text.trimEnd().split('\n');
  const before = `${lines.slice(0, -1).join('\n')}\n`;
  assert.equal(
    lines.map((line) => JSON.parse(line)),
    [
      { format: 'snapledger.checkpoint.v1', position: '12', chainHash: 'hash-12' },
      { row: 'store' },
      { row: 'snapshot' },
      { rows: '2', sha256: createHash('sha256').update(before).digest('hex') },
    ],
  );
});

test('are found among the bases in the log directory too, which no save removes', async ({ sandbox, directory }) => {
  const bases = sandbox.folder('log');
  const store = createFileCheckpointStore({ directory, bases });
  await store.save(positionAt(3), ['base']);
  renameSync(join(directory, checkpointName(3)), join(bases, '00000000000000000003.base'));
  for (const position of [2, 5, 6, 7]) await store.save(positionAt(position), []);
  assert.equal(await loaded(store), { positions: [7, 6, 5, 3, 2], damaged: [] });
  for (let position = 8; position < 60; position++) await store.save(positionAt(position), []);
  assert.ok((await loaded(store)).positions.includes(3));
  renameSync(join(bases, '00000000000000000003.base'), join(bases, '00000000000000000004.base'));
  const { damaged } = await loaded(store);
  assert.match(damaged[0]?.why ?? '', 'it was renamed: it is of position 3');
});

test('are skipped and reported if any single bit is flipped', async ({ directory, store }) => {
  await store.save(positionAt(1), ['older']);
  await store.save(positionAt(2), [{ key: 'newer' }]);
  const file = join(directory, checkpointName(2));
  const whole = readFileSync(file);
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const flipped = Buffer.from(whole);
    flipped[bit >> 3] = (whole[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    writeFileSync(file, flipped);
    const { positions, damaged } = await loaded(store);
    assert.equal(positions, [1], `bit ${bit}`);
    assert.is(damaged[0]?.file, file);
  }
});

test('are skipped if they are truncated at any length', async ({ directory, store }) => {
  await store.save(positionAt(2), ['row']);
  const file = join(directory, checkpointName(2));
  for (let size = readFileSync(file).length - 1; size >= 0; size--) {
    truncateSync(file, size);
    assert.equal((await loaded(store)).positions, []);
  }
});

test('are skipped if their file name is not their position', async ({ directory, store }) => {
  await store.save(positionAt(2), ['row']);
  renameSync(join(directory, checkpointName(2)), join(directory, checkpointName(3)));
  const { positions, damaged } = await loaded(store);
  assert.equal(positions, []);
  assert.match(damaged[0]?.why ?? '', 'renamed');
});

test('are loaded whatever the log holds; the caller compares', async ({ store }) => {
  await store.save(positionAt(Number.MAX_SAFE_INTEGER), ['ahead']);
  assert.is((await loadAll(store))[0]?.at.position, Number.MAX_SAFE_INTEGER);
});

test('left unfinished by a crash are not loaded, and the next save deletes them', async ({ directory, store }) => {
  await store.save(positionAt(1), ['row']);
  const left = join(directory, `${checkpointName(2)}.new`);
  writeFileSync(left, '{"format":');
  assert.equal((await loaded(store)).positions, [1]);
  await store.save(positionAt(3), ['row']);
  assert.not(existsSync(left));
  assert.equal((await loaded(store)).positions, [3, 1]);
});

for (const step of ['checkpoint.write', 'checkpoint.rename'] as const)
  test(`that fail at ${step} leave only the older ones`, async ({ directory, store }) => {
    await store.save(positionAt(1), ['row']);
    const failpoint = (reached: Step) => {
      if (reached === step) throw Object.assign(new Error('ENOSPC: made to fail'), { code: 'ENOSPC' });
    };
    const failing = createFileCheckpointStore({ directory, failpoint });
    const error: unknown = await failing.save(positionAt(2), ['row']).catch((thrown) => thrown);
    assert.instance(error, Fault);
    assert.is((error as Fault).code, 'no-space');
    assert.equal(readdirSync(directory), [checkpointName(1)]);
  });

test('let the event loop run while they are written', async ({ store }) => {
  const rows = Array.from({ length: 60_000 }, (_, index) => ({
    row: 'snapshot',
    id: index,
    key: `default/${index}/key`,
  }));
  let saving = true;
  let turns = 0;
  const count = () => {
    turns += 1;
    if (saving) setImmediate(count);
  };
  setImmediate(count);
  await store.save(positionAt(1), rows);
  saving = false;
  assert.ok(turns > 5, `${turns} turns`);
  assert.is((await loadAll(store))[0]?.rows.length, 60_000);
});

test.run();
