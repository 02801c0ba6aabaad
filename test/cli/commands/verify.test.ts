import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { toRows } from '../../../projections/rows.ts';
import { evolve, initialState } from '../../../projections/state.ts';
import { newMemoryVolume } from '../../../src/adapters/volume-driver/memory/memory-driver.ts';
import { verify } from '../../../src/cli/commands/verify.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { enveloped, prepared, smallStore } from '../facts.ts';
import { createMemoryWorld, createPrinter, type MemoryWorld } from '../memory-world.ts';

interface Context {
  sandbox: Sandbox;
  world: MemoryWorld;
}

const test = suite<Context>('verify');
const envelopes = enveloped(smallStore);

test.before.each(async (context) => {
  context.sandbox = createSandbox('verify');
  context.world = await createMemoryWorld(context.sandbox, envelopes);
  context.world.driver.volumes.set('1', newMemoryVolume('committed'));
  context.world.driver.volumes.set('2', newMemoryVolume('committed'));
  context.world.driver.volumes.set('3', newMemoryVolume('active'));
});
test.after.each(({ sandbox }) => sandbox.close());

async function verified(world: MemoryWorld) {
  const { lines, print } = createPrinter();
  const status = await verify({ root: world.root }, world, print);
  return { status, lines };
}

/** A checkpoint of the store at a position, with rows of another one if asked for. */
async function checkpoint(world: MemoryWorld, position: number, rowsOf = position) {
  const rows = [...toRows(envelopes.slice(0, rowsOf).reduce(evolve, initialState))];
  world.checkpoints.push({ place: { position, mark: await world.markAt(position) }, rows });
}

test('finds nothing in a store that is in order', async ({ world }) => {
  await checkpoint(world, 13);
  await checkpoint(world, 6);
  assert.equal(await verified(world), {
    status: 0,
    lines: [
      'chain        ok           segments 1, records 13, bytes 4096, position 13, torn 0',
      'projections  ok           events 13, checkpoints 2, snapshots 3',
      'parents      ok           snapshots 3, roots 1',
      'volumes      ok           wanted 3, doomed 0',
      'orphans      ok           found 3',
      'verify: all in order',
    ],
  });
});

test('explains what vanished and what nobody asked for, and what to do', async ({ world }) => {
  world.driver.volumes.delete('3');
  world.driver.volumes.set('9', newMemoryVolume());
  world.driver.volumes.set('stray', { ...newMemoryVolume(), bytes: 1 });
  const { status, lines } = await verified(world);
  assert.is(status, 1);
  const text = lines.join('\n');
  assert.match(text, 'snapshot 3 (default/5/web): the content of active snapshot 3 is not on the disk any more');
  assert.match(text, 'bring the directory back from a backup before the next start');
  assert.match(text, "snapshots/9: past the log's last number 4, never acknowledged and empty");
  assert.match(text, "snapshots/stray: its name is not a snapshot's number");
  assert.match(text, /orphans +2 findings/);
});

test('keeps quiet about what a daemon was just doing', async ({ world }) => {
  world.driver.volumes.set('5', newMemoryVolume());
  const openScan = async () => {
    await world.append(enveloped([prepared(5, 'k')], 13));
    return { ...world.driver, boot: 'b' };
  };
  const { print } = createPrinter();
  assert.is(await verify({ root: world.root }, { ...world, openScan }, print), 0);
});

test('does not call a purge that is due a finding', async ({ world }) => {
  const removed = { id: 3, key: 'default/5/web', kind: 'active', parent: 'default/4/sha256:bbb', parentId: 2 } as const;
  const data = { ...removed, labels: {}, created: 0n, updated: 0n };
  await world.append(enveloped([{ type: 'SnapshotRemoved', data }], 13));
  const { status, lines } = await verified(world);
  assert.is(status, 0);
  assert.match(lines.join('\n'), 'note: 1 volumes of removed snapshots wait for their purge');
});

test('finds a checkpoint that differs from the log', async ({ world }) => {
  await checkpoint(world, 10, 9);
  const { status, lines } = await verified(world);
  assert.is(status, 1);
  assert.match(lines.join('\n'), 'the checkpoint at position 10 differs from the log in 4 rows');
});

test('calls a checkpoint of another history damage', async ({ world }) => {
  await checkpoint(world, 10);
  world.checkpoints.push({ place: { position: 9, mark: 'other' }, rows: [] });
  const { status, lines } = await verified(world);
  assert.is(status, 3);
  assert.match(lines.join('\n'), 'the checkpoint at position 9 was made of another history');
});

test('stops at a damaged log', async ({ world }) => {
  world.damage = [{ text: 'byte 12: damaged', hint: 'bring it back' }];
  assert.equal(await verified(world), {
    status: 3,
    lines: [
      'chain  1 finding    segments 1, records 13, bytes 4096, position 13, torn 0',
      '  byte 12: damaged',
      '    -> bring it back',
      'verify: damaged',
    ],
  });
});

test('finds a parent that does not live', async ({ world }) => {
  await world.append(enveloped([prepared(5, 'orphan', 'gone', 99)], 13));
  world.driver.volumes.set('5', newMemoryVolume());
  const { status, lines } = await verified(world);
  assert.is(status, 1);
  assert.match(lines.join('\n'), 'active orphan: its parent gone does not live');
});

test('prints one object for machines', async ({ world }) => {
  const { lines, print } = createPrinter();
  await verify({ root: world.root, json: true }, world, print);
  const { status, steps } = JSON.parse(lines.join(''));
  assert.is(status, 0);
  assert.equal(
    steps.map(({ step }: { step: string }) => step),
    ['chain', 'projections', 'parents', 'volumes', 'orphans'],
  );
});

test.run();
