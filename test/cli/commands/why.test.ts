import * as assert from 'uvu/assert';
import { why } from '../../../src/cli/commands/why.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { enveloped } from '../facts.ts';
import { cliSuite, createPrinter, type MemoryWorld } from '../memory-world.ts';

const test = cliSuite('why');

async function printed(world: MemoryWorld, about: string, json = false) {
  const { lines, print } = createPrinter();
  await why(about, { root: world.root, json }, world, print);
  return lines;
}

test('tells of a living snapshot who made it and what holds it, by a key that may be cut short', async ({ world }) => {
  const lines = await printed(world, 'default/4/sha256:b…');
  assert.is(lines[0], 'snapshot 2 default/4/sha256:bbb: committed');
  assert.is(lines.at(-1), '  held by its child default/5/web');
  const [object] = (await printed(world, '2', true)).map((line) => JSON.parse(line));
  assert.equal([object.id, object.now, object.children], ['2', 'committed', ['default/5/web']]);
});

test('tells of a removed snapshot who removed it', async ({ world }) => {
  const lines = await printed(world, 'default/6/job');
  assert.is(lines[0], 'snapshot 4 default/6/job: removed');
  assert.match(lines.join('\n'), /removed by a client in namespace default; what led to it is not known/);
});

test('offers to bring a retained one back', async ({ world }) => {
  const layer = { id: 2, key: 'default/4/sha256:bbb', kind: 'committed', parent: '', parentId: null } as const;
  const data = { ...layer, labels: {}, created: 1n, updated: 1n, retained: true };
  await world.append(enveloped([{ type: 'SnapshotRemoved', data }], 13));
  assert.is((await printed(world, '2')).at(-1), '  `snapledger restore 2` brings it back');
});

test('names the nearest key where nothing is known', async ({ world }) => {
  const fault = await caughtFault(printed(world, 'default/5/wbe'));
  assert.is(fault.message, 'snapshot default/5/wbe: no event of the log tells of it');
  assert.match(fault.hint, 'default/5/web');
  assert.match((await caughtFault(printed(world, 'something else entirely'))).hint, 'snapledger log');
});

test.run();
