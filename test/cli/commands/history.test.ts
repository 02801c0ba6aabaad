import * as assert from 'uvu/assert';
import type { QueryOptions } from '../../../src/cli/query-command.ts';
import { cliSuite, type MemoryDeps, printedQuery } from '../memory-deps.ts';

const test = cliSuite('history');

async function printed(deps: MemoryDeps, key: string, options: QueryOptions = {}) {
  const lines = await printedQuery(deps, 'history', { key }, options);
  return lines.map((line) => line.replace(/\d+d ago/, 'long ago'));
}

test('shows the history of a removed snapshot', async ({ deps }) => {
  assert.equal(await printed(deps, 'default/6/job'), [
    'snapshot    4',
    'key         default/6/job',
    'name        -',
    'now         active, removed 2023-11-14T22:24:20.000Z (long ago) by containerd/default, position 11',
    'active for  2m 0s',
    'parents     1 default/2/sha256:aaa',
    'children    -',
    '',
    'POSITION  TIME                      TYPE              ID  KEY            WHAT                            ACTOR',
    '       9  2023-11-14T22:22:20.000Z  SnapshotPrepared   4  default/6/job  active on default/2/sha256:aaa  containerd/default',
    '      11  2023-11-14T22:24:20.000Z  SnapshotRemoved    4  default/6/job  active                          containerd/default',
    '      12  2023-11-14T22:25:20.000Z  VolumePurged       4                 removed, 4 KiB freed            containerd/default',
  ]);
});

test('shows the children of a live snapshot, and their outcome', async ({ deps }) => {
  const lines = await printed(deps, 'default/2/sha256:aaa', { relative: true });
  assert.equal(lines.slice(0, 8), [
    'snapshot    1',
    'key         default/1/extract-a',
    'name        default/2/sha256:aaa',
    'now         committed, exists',
    'active for  1m 0s',
    'parents     -',
    'children    2 default/3/extract-b (now default/4/sha256:bbb)',
    '            4 default/6/job (gone now)',
  ]);
  assert.match(lines.at(-1) ?? '', /^ +7 {2}long ago {2}UsageMeasured/);
});

test('says that a snapshot is still active', async ({ deps }) => {
  assert.match((await printed(deps, 'default/5/web')).join('\n'), /active for {2}\d+d \d+h, still open\n/);
});

test('prints one JSON object per snapshot with --json', async ({ deps }) => {
  const [line = '', ...more] = await printed(deps, '4', { json: true });
  assert.is(more.length, 0);
  const { id, key, now, parents, events } = JSON.parse(line);
  assert.equal([id, key, now, parents.length, events.length], ['4', 'default/6/job', null, 1, 3]);
});

test.run();
