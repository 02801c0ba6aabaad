import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scanSnapshots } from '../../../../src/adapters/volume-driver/shared/scan-snapshots.ts';
import { surveyOf } from '../../../../src/adapters/volume-driver/shared/survey.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

const test = suite<{ sandbox: Sandbox }>('scanSnapshots');
test.before.each((context) => {
  context.sandbox = createSandbox('scan');
});
test.after.each(({ sandbox }) => sandbox.close());

/** Every third has both parts, every third the first one, every third none. */
function fill(snapshots: string, count: number) {
  for (let id = 1; id <= count; id++) {
    mkdirSync(`${snapshots}/${id}`);
    if (id % 3 > 0) mkdirSync(`${snapshots}/${id}/fs`);
    if (id % 3 > 1) mkdirSync(`${snapshots}/${id}/work`);
  }
}

const expected = (count: number) =>
  Array.from({ length: count }, (_, index) => index + 1).map((id) => ({
    path: `snapshots/${id}`,
    id,
    has: [id % 3 > 0, id % 3 > 1],
  }));

for (const [size, count] of [
  ['small', 30],
  ['large', 2000],
] as const)
  test(`tells of every directory of a ${size} store which parts it has`, async ({ sandbox }) => {
    fill(sandbox.folder('snapshots'), count);
    const found = [...(await scanSnapshots({ root: sandbox.path, parts: ['fs', 'work'] }).entries())];
    assert.equal(
      found.sort((a, b) => Number(a.id) - Number(b.id)),
      expected(count),
    );
  });

test('tells the numbers of a large store before the rest, and of a small one nothing before', async ({ sandbox }) => {
  const snapshots = sandbox.folder('snapshots');
  fill(snapshots, 30);
  assert.is(await scanSnapshots({ root: sandbox.path, parts: ['fs'] }).numbers, undefined);
  fill(sandbox.folder('large/snapshots'), 2000);
  mkdirSync(`${sandbox.path}/large/snapshots/stranger`);
  const scanning = scanSnapshots({ root: `${sandbox.path}/large`, parts: ['fs', 'work'] });
  const numbers = await scanning.numbers;
  assert.equal([numbers?.ids.length, numbers?.unknownEntries], [2000, 1]);
  mkdirSync(`${sandbox.path}/large/snapshots/1/work`);
  const entries = await scanning.entries();
  assert.is(entries.length, 2001);
  assert.equal(entries.find(({ id }) => id === 1)?.has, [true, true], 'looked at when it was asked for');
});

test('that is abandoned ends', async ({ sandbox }) => {
  fill(sandbox.folder('snapshots'), 2000);
  const scanning = scanSnapshots({ root: sandbox.path, parts: ['fs', 'work'] });
  scanning.abandon();
  assert.match(String(await scanning.entries().catch((thrown) => thrown)), 'the scan was ended');
});

test('gives no number to what is no directory of a plain number, and counts no link or file as a part', async ({
  sandbox,
}) => {
  const snapshots = sandbox.folder('snapshots');
  for (const name of ['01', 'new-1', '2']) mkdirSync(`${snapshots}/${name}`);
  writeFileSync(`${snapshots}/7`, '');
  symlinkSync('/', `${snapshots}/2/fs`);
  writeFileSync(`${snapshots}/2/work`, '');
  const found = await scanSnapshots({ root: sandbox.path, parts: ['fs', 'work'] }).entries();
  assert.equal(found.map(({ path, id }) => `${path} ${id}`).sort(), [
    'snapshots/01 null',
    'snapshots/2 2',
    'snapshots/7 null',
    'snapshots/new-1 null',
  ]);
  assert.equal(found.find(({ id }) => id === 2)?.has, [false, false]);
});

test('counts only parts with the inode number that is asked for', async ({ sandbox }) => {
  const snapshots = sandbox.folder('snapshots');
  fill(snapshots, 2);
  const { ino: inode } = lstatSync(`${snapshots}/1/fs`);
  const found = await scanSnapshots({ root: sandbox.path, parts: ['fs'], inode }).entries();
  assert.equal(found.map(({ id, has }) => [id, ...has]).sort(), [
    [1, true],
    [2, false],
  ]);
});

test('rejects where there is no such directory', async ({ sandbox }) => {
  const scan = surveyOf({ root: sandbox.path, parts: [] }, ({ path, id }) => ({
    path,
    id,
    layer: true,
    complete: true,
    frozen: false,
    writable: false,
  }));
  for (const promise of [scan.ids, scan.found()]) {
    const error: unknown = await promise.catch((thrown) => thrown);
    assert.match(String(error), /scan of snapshots\/: .*ENOENT/);
  }
});

test.run();
