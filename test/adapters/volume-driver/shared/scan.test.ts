import { lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Entry, type ScanJob, scansOf } from '../../../../src/adapters/volume-driver/shared/scan.ts';
import { createSandbox, type Sandbox } from '../../../support/sandbox.ts';

const test = suite<{ sandbox: Sandbox }>('scan of snapshots');
test.before.each((context) => {
  context.sandbox = createSandbox('scan');
});
test.after.each(({ sandbox }) => sandbox.close());

/** The entries of a scan, and its ids. */
function scanning(job: ScanJob) {
  const entries: Entry[] = [];
  const { scan, scanIds } = scansOf(job, (entry) => {
    entries.push(entry);
    return { path: entry.path, id: entry.id, layer: true, complete: true, frozen: false, writable: false };
  });
  return {
    entries: async (signal?: AbortSignal) => {
      await scan(signal);
      return entries;
    },
    ids: scanIds,
  };
}

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
  test(`lists the parts of every directory of a ${size} store`, async ({ sandbox }) => {
    fill(sandbox.folder('snapshots'), count);
    const found = await scanning({ root: sandbox.path, parts: ['fs', 'work'] }).entries();
    assert.equal(
      found.sort((a, b) => Number(a.id) - Number(b.id)),
      expected(count),
    );
  });

test('lists only the ids of a large store', async ({ sandbox }) => {
  fill(sandbox.folder('snapshots'), 30);
  assert.is(await scanning({ root: sandbox.path, parts: ['fs'] }).ids(), undefined);
  fill(sandbox.folder('large/snapshots'), 2000);
  mkdirSync(`${sandbox.path}/large/snapshots/stranger`);
  const { ids, entries } = scanning({ root: `${sandbox.path}/large`, parts: ['fs', 'work'] });
  const scanned = await ids();
  assert.equal([scanned?.ids.length, scanned?.unknownEntries], [2000, 1]);
  assert.is((await entries()).length, 2001);
});

test('rejects with the reason of its signal', async ({ sandbox }) => {
  fill(sandbox.folder('snapshots'), 2000);
  const ending = new AbortController();
  const { ids, entries } = scanning({ root: sandbox.path, parts: ['fs', 'work'] });
  const ended = Promise.allSettled([entries(ending.signal), ids(ending.signal)]);
  ending.abort(new Error('the daemon stops'));
  assert.equal(
    (await ended).map((end) => end.status === 'rejected' && /the daemon stops/.test(String(end.reason))),
    [true, true],
  );
});

test('reads no id unless it is a directory named by a plain number; counts no link or file as a part', async ({
  sandbox,
}) => {
  const snapshots = sandbox.folder('snapshots');
  for (const name of ['01', 'new-1', '2']) mkdirSync(`${snapshots}/${name}`);
  writeFileSync(`${snapshots}/7`, '');
  symlinkSync('/', `${snapshots}/2/fs`);
  writeFileSync(`${snapshots}/2/work`, '');
  const found = await scanning({ root: sandbox.path, parts: ['fs', 'work'] }).entries();
  assert.equal(found.map(({ path, id }) => `${path} ${id}`).sort(), [
    'snapshots/01 null',
    'snapshots/2 2',
    'snapshots/7 null',
    'snapshots/new-1 null',
  ]);
  assert.equal(found.find(({ id }) => id === 2)?.has, [false, false]);
});

test('counts only parts with the given inode number', async ({ sandbox }) => {
  const snapshots = sandbox.folder('snapshots');
  fill(snapshots, 2);
  const { ino: inode } = lstatSync(`${snapshots}/1/fs`);
  const found = await scanning({ root: sandbox.path, parts: ['fs'], inode }).entries();
  assert.equal(found.map(({ id, has }) => [id, ...has]).sort(), [
    [1, true],
    [2, false],
  ]);
});

test('rejects if there is no such directory', async ({ sandbox }) => {
  const { ids, entries } = scanning({ root: sandbox.path, parts: [] });
  for (const promise of [ids(), entries()]) {
    const error: unknown = await promise.catch((thrown) => thrown);
    assert.match(String(error), /scan of snapshots\/: .*ENOENT/);
  }
});

test.run();
