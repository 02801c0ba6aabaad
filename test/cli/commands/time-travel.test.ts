import * as assert from 'uvu/assert';
import type { Given } from '../../../src/app/queries/query.ts';
import type { QueryOptions } from '../../../src/cli/query-command.ts';
import type { TableName } from '../../../src/cli/tables/tables.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { cliSuite, type MemoryDeps, printedQuery } from '../memory-deps.ts';

const test = cliSuite('time travel');

async function printed(deps: MemoryDeps, name: TableName, given: Given = {}, options: QueryOptions = {}) {
  const lines = await printedQuery(deps, name, given, options);
  return lines.map((line) => line.replace(/\b\d+d\b/g, 'age').replace(/ +(age|AGE)/g, ' $1'));
}

test('lists the snapshots at a moment', async ({ deps }) => {
  assert.equal(await printed(deps, 'snapshots', { at: '5' }), [
    'ID  KIND       USAGE AGE  KEY                   PARENT',
    ' 1  committed      - age  default/2/sha256:aaa  -',
    ' 2  active         - age  default/3/extract-b   default/2/sha256:aaa',
  ]);
});

test("lists snapshots by containerd's filters", async ({ deps }) => {
  const keys = async (...filters: string[]) =>
    (await printed(deps, 'snapshots', { filter: filters }, { json: true })).map((line) => JSON.parse(line).key);
  assert.equal(await keys('kind==committed'), ['default/2/sha256:aaa', 'default/4/sha256:bbb']);
  assert.equal(await keys('name~=web', 'parent==""'), ['default/2/sha256:aaa', 'default/5/web']);
  const error = await caughtFault(keys('kind='));
  assert.is(error.code, 'misuse');
});

test('shows the tree and one snapshot at a moment', async ({ deps }) => {
  const was = await printed(deps, 'tree', { at: '2023-11-14T22:16:20Z' }, { json: true });
  assert.equal(
    was.map((line) => JSON.parse(line).key),
    ['default/1/extract-a'],
  );
  const [line = ''] = await printed(deps, 'stat', { key: 'default/6/job', at: '10' }, { json: true });
  assert.is(JSON.parse(line).id, '4');
  const gone = await caughtFault(printed(deps, 'stat', { key: 'default/6/job' }));
  assert.is(gone.code, 'missing');
});

test('shows what happened between two moments', async ({ deps }) => {
  assert.equal(await printed(deps, 'diff', { from: '5', to: '9' }), [
    '   ID  KIND                    BYTES  KEY',
    '~   1  committed            +1.5 MiB  default/2/sha256:aaa',
    '~   2  active -> committed      +0 B  default/3/extract-b -> default/4/sha256:bbb',
    '+   3  active                   +0 B  default/5/web',
    '+   4  active                   +0 B  default/6/job',
    'position 5 to 9: 2 appeared, 0 vanished, 2 changed, +1.5 MiB',
  ]);
  assert.equal(await printed(deps, 'diff', { from: '13' }), [
    'position 13 to 13: 0 appeared, 0 vanished, 0 changed, +0 B',
  ]);
  const [line = ''] = await printed(deps, 'diff', { from: '10', to: '11' }, { json: true });
  assert.equal([JSON.parse(line).how, JSON.parse(line).id], ['vanished', '4']);
});

test('shows the figures at a moment', async ({ deps }) => {
  const lines = await printed(deps, 'stats');
  assert.match(lines[1] ?? '', /^all +3 +1\.5 MiB +12 +2$/);
  assert.match(lines.join('\n'), /^kind +committed +2 +1\.5 MiB.*\n +active +1 /m);
  assert.match(lines.join('\n'), /^log +4 KiB in 1 segments, 0 of them archived$/m);
  const [line = ''] = await printed(deps, 'stats', { at: '5' }, { json: true });
  assert.is(JSON.parse(line).total.snapshots, '2');
});

test.run();
