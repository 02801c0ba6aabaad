import * as assert from 'uvu/assert';
import { diff } from '../../../src/cli/commands/diff.ts';
import { ls } from '../../../src/cli/commands/ls.ts';
import { stat } from '../../../src/cli/commands/stat.ts';
import { stats } from '../../../src/cli/commands/stats.ts';
import { tree } from '../../../src/cli/commands/tree.ts';
import type { Print } from '../../../src/cli/output/print.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { cliSuite, createPrinter } from '../memory-world.ts';

const test = cliSuite('looking back');

async function printed(work: (print: Print) => Promise<void>): Promise<readonly string[]> {
  const { lines, print } = createPrinter();
  await work(print);
  return lines.map((line) => line.replace(/\b\d+d\b/g, 'age').replace(/ +(age|AGE)/g, ' $1'));
}

test('lists the snapshots of a moment', async ({ world }) => {
  const { root } = world;
  assert.equal(await printed((print) => ls([], { root, at: '5' }, world, print)), [
    'ID  KIND       USAGE AGE  KEY                   PARENT',
    ' 1  committed      - age  default/2/sha256:aaa  -',
    ' 2  active         - age  default/3/extract-b   default/2/sha256:aaa',
  ]);
});

test('lists what the filters of containerd take', async ({ world }) => {
  const { root } = world;
  const keys = async (...filters: string[]) =>
    (await printed((print) => ls(filters, { root, json: true }, world, print))).map((line) => JSON.parse(line).key);
  assert.equal(await keys('kind==committed'), ['default/2/sha256:aaa', 'default/4/sha256:bbb']);
  assert.equal(await keys('name~=web', 'parent==""'), ['default/2/sha256:aaa', 'default/5/web']);
  const error = await caughtFault(keys('kind='));
  assert.is(error.code, 'misuse');
});

test('shows the tree and one snapshot as they were', async ({ world }) => {
  const { root } = world;
  const was = await printed((print) => tree({ root, at: '2023-11-14T22:16:20Z', json: true }, world, print));
  assert.equal(
    was.map((line) => JSON.parse(line).key),
    ['default/1/extract-a'],
  );
  const [line = ''] = await printed((print) => stat('default/6/job', { root, at: '10', json: true }, world, print));
  assert.is(JSON.parse(line).id, '4');
  const gone = await caughtFault(stat('default/6/job', { root }, world, () => {}));
  assert.is(gone.code, 'missing');
});

test('shows what happened between two moments', async ({ world }) => {
  const { root } = world;
  assert.equal(await printed((print) => diff('5', '9', { root }, world, print)), [
    '   ID  KIND                    BYTES  KEY',
    '~   1  committed            +1.5 MiB  default/2/sha256:aaa',
    '~   2  active -> committed      +0 B  default/3/extract-b -> default/4/sha256:bbb',
    '+   3  active                   +0 B  default/5/web',
    '+   4  active                   +0 B  default/6/job',
    'position 5 to 9: 2 appeared, 0 vanished, 2 changed, +1.5 MiB',
  ]);
  assert.equal(await printed((print) => diff('13', undefined, { root }, world, print)), [
    'position 13 to 13: 0 appeared, 0 vanished, 0 changed, +0 B',
  ]);
  const [line = ''] = await printed((print) => diff('10', '11', { root, json: true }, world, print));
  assert.equal([JSON.parse(line).how, JSON.parse(line).id], ['vanished', '4']);
});

test('counts', async ({ world }) => {
  const { root } = world;
  const lines = await printed((print) => stats({ root }, world, print));
  assert.match(lines[1] ?? '', /^all +3 +1\.5 MiB +12 +2$/);
  assert.match(lines.join('\n'), /^kind +active +1 .*\n +committed +2 +1\.5 MiB/m);
  assert.match(lines.join('\n'), /^log +4 KiB in 1 segments, 0 of them archived$/m);
  const [line = ''] = await printed((print) => stats({ root, at: '5', json: true }, world, print));
  assert.is(JSON.parse(line).total.snapshots, '2');
});

test.run();
