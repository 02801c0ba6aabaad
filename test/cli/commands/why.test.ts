import * as assert from 'uvu/assert';
import { caughtFault } from '../../support/caught-fault.ts';
import { committed, layerLabels, prepared } from '../../support/sample-events.ts';
import { enveloped } from '../facts.ts';
import { cliSuite, type MemoryDeps, printedQuery } from '../memory-deps.ts';

const test = cliSuite('why');

const printed = (deps: MemoryDeps, key: string, json = false) => printedQuery(deps, 'why', { key }, { json });

test('shows who created a live snapshot and what holds it, by an abbreviated key', async ({ deps }) => {
  const lines = await printed(deps, 'default/4/sha256:b…');
  assert.is(lines[0], 'snapshot 2 default/4/sha256:bbb: committed');
  assert.is(lines.at(-1), '  needed by its child default/5/web');
  const [object] = (await printed(deps, '2', true)).map((line) => JSON.parse(line));
  assert.equal([object.id, object.now, object.children], ['2', 'committed', ['default/5/web']]);
});

test('shows who removed a removed snapshot', async ({ deps }) => {
  const lines = await printed(deps, 'default/6/job');
  assert.is(lines[0], 'snapshot 4 default/6/job: removed');
  assert.match(lines.join('\n'), /removed by a client in namespace default; cause not known/);
});

test('suggests restoring a retained layer', async ({ deps }) => {
  const layer = { id: 2, key: 'default/4/sha256:bbb', kind: 'committed', parent: '', parentId: null } as const;
  const data = { ...layer, labels: {}, created: 1n, updated: 1n, retained: true };
  await deps.append(enveloped([{ type: 'SnapshotRemoved', data }], 13));
  assert.is((await printed(deps, '2')).at(-1), '  `snapledger restore 2` brings it back');
});

test('finds a layer by the beginning of its diff id, and shows it, after its removal too', async ({ deps }) => {
  const labels = layerLabels('c', 'd');
  await deps.append(enveloped([prepared(9, 'ns/1/x', null, labels), committed(9, 'ns/1/x', 'ns/2/c')], 13));
  const whole = `sha256:${'d'.repeat(64)}`;
  for (const text of ['sha256:dddddd', whole]) {
    const lines = await printed(deps, text);
    assert.equal(lines.slice(0, 2), ['snapshot 9 ns/2/c: committed', `  diff id ${whole}`]);
  }
  const [row] = (await printed(deps, 'dddd', true)).map((line) => JSON.parse(line));
  assert.is(row.diffId, whole);
  const [listed] = (await printedQuery(deps, 'snapshots', {})).filter((line) => line.includes('ns/2/c'));
  assert.match(listed ?? '', / sha256:dddddddddddd…$/);
  const layer = { id: 9, key: 'ns/2/c', kind: 'committed', parent: '', parentId: null } as const;
  const data = { ...layer, labels: {}, created: 1n, updated: 1n, retained: false };
  await deps.append(enveloped([{ type: 'SnapshotRemoved', data }], 15));
  assert.is((await printed(deps, whole))[0], 'snapshot 9 ns/2/c: removed');
});

test('suggests the nearest key if it is unknown', async ({ deps }) => {
  const fault = await caughtFault(printed(deps, 'default/5/wbe'));
  assert.is(fault.message, 'snapshot default/5/wbe: not in any event of the log');
  assert.match(fault.hint, 'default/5/web');
  assert.match((await caughtFault(printed(deps, 'something else entirely'))).hint, 'snapledger log');
});

test.run();
