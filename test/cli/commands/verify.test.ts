import * as assert from 'uvu/assert';
import { toRows } from '../../../projections/checkpoint-rows.ts';
import { emptyState, evolve } from '../../../projections/state.ts';
import { newMemoryVolume } from '../../../src/adapters/volume-driver/memory-driver.ts';
import { verify } from '../../../src/cli/commands/verify.ts';
import { imageSeen, sampleNode } from '../../support/sample-events.ts';
import { enveloped, opened, prepared, smallStore } from '../facts.ts';
import { cliSuite, createPrinter, type MemoryDeps } from '../memory-deps.ts';

const test = cliSuite('verify');
const envelopes = enveloped(smallStore);
test.before.each(({ deps }) => {
  deps.driver.volumes.set('1', newMemoryVolume('committed'));
  deps.driver.volumes.set('2', newMemoryVolume('committed'));
  deps.driver.volumes.set('3', newMemoryVolume('active'));
});

async function verified(deps: MemoryDeps) {
  const { lines, print } = createPrinter();
  const status = await verify({ root: deps.root }, deps, print);
  return { status, lines };
}

/** A checkpoint of the store at a position, optionally with rows of another one. */
async function checkpoint(deps: MemoryDeps, position: number, rowsOf = position) {
  const rows = [...toRows(envelopes.slice(0, rowsOf).reduce(evolve, emptyState()))];
  deps.checkpoints.push({ at: { position, chainHash: await deps.chainHashAt(position) }, rows });
}

test('finds nothing in an intact store', async ({ deps }) => {
  await checkpoint(deps, 13);
  await checkpoint(deps, 6);
  assert.equal(await verified(deps), {
    status: 0,
    lines: [
      'chain        ok           segments 1, records 13, bytes 4096, position 13, torn 0',
      'projections  ok           events 13, checkpoints 2, snapshots 3',
      'parents      ok           snapshots 3, roots 1',
      'volumes      ok           wanted 3, pending purge 0, retained 0',
      'orphans      ok           found 3',
      'verify: all in order',
    ],
  });
});

test('explains missing and unexplained volumes, with a hint', async ({ deps }) => {
  deps.driver.volumes.delete('3');
  deps.driver.volumes.set('9', newMemoryVolume());
  deps.driver.volumes.set('stray', { ...newMemoryVolume(), bytes: 1 });
  const { status, lines } = await verified(deps);
  assert.is(status, 1);
  const text = lines.join('\n');
  assert.match(text, 'snapshot 3 (default/5/web): the content of active snapshot 3 is not on the disk any more');
  assert.match(text, 'restore the directory from a backup before the next start');
  assert.match(text, "snapshots/9: above the log's last id 4, never acknowledged and empty");
  assert.match(text, 'snapshots/stray: its name is no snapshot id');
  assert.match(text, /orphans +2 findings/);
});

test('ignores the work in progress of a daemon', async ({ deps }) => {
  deps.driver.volumes.set('5', newMemoryVolume());
  const openScan = async () => {
    await deps.append(enveloped([prepared(5, 'k')], 13));
    return deps.openScan('', 'memory');
  };
  const { print } = createPrinter();
  assert.is(await verify({ root: deps.root }, { ...deps, openScan }, print), 0);
});

test('does not report a pending purge as a finding', async ({ deps }) => {
  const removed = { id: 3, key: 'default/5/web', kind: 'active', parent: 'default/4/sha256:bbb', parentId: 2 } as const;
  const data = { ...removed, labels: {}, created: 0n, updated: 0n, retained: false };
  await deps.append(enveloped([{ type: 'SnapshotRemoved', data }], 13));
  const { status, lines } = await verified(deps);
  assert.is(status, 0);
  assert.match(lines.join('\n'), 'note: 1 volumes of removed snapshots are waiting to be purged');
});

const [opening] = [opened()];
const observed = [
  ...smallStore,
  { ...opening, data: { ...opening.data, node: sampleNode } },
  imageSeen('a', 'sha256:t'),
];
const withImages = cliSuite('verify a store with images', observed);
withImages.before.each(({ deps }) => {
  for (const [id, kind] of [
    ['1', 'committed'],
    ['2', 'committed'],
    ['3', 'active'],
  ] as const)
    deps.driver.volumes.set(id, newMemoryVolume(kind));
});

withImages('accepts checkpoints of earlier releases, and compares images in its own', async ({ deps }) => {
  const state = enveloped(observed).reduce(evolve, emptyState());
  const { position } = state;
  const at = { position, chainHash: await deps.chainHashAt(position) };
  const { node: _, ...earlier } = state.storeInfo;
  const checkpoints = [state, { ...state, images: new Map(), storeInfo: earlier }];
  for (const one of checkpoints) {
    deps.checkpoints.push({ at, rows: [...toRows(one)] });
    const { status, lines } = await verified(deps);
    assert.is(status, 0, lines.join('\n'));
    deps.checkpoints.pop();
  }
  deps.checkpoints.push({ at, rows: [...toRows({ ...state, images: new Map() })] });
  const { status, lines } = await verified(deps);
  assert.is(status, 1);
  assert.match(lines.join('\n'), `the checkpoint at position ${position} differs from the log in 2 rows`);
});

test('finds a checkpoint that differs from the log', async ({ deps }) => {
  await checkpoint(deps, 10, 9);
  const { status, lines } = await verified(deps);
  assert.is(status, 1);
  assert.match(lines.join('\n'), 'the checkpoint at position 10 differs from the log in 6 rows');
});

test('reports a checkpoint of another history as damage', async ({ deps }) => {
  await checkpoint(deps, 10);
  deps.checkpoints.push({ at: { position: 9, chainHash: 'other' }, rows: [] });
  const { status, lines } = await verified(deps);
  assert.is(status, 3);
  assert.match(lines.join('\n'), 'the checkpoint at position 9 belongs to another log');
});

test('stops at a damaged log', async ({ deps }) => {
  deps.damage = [{ text: 'byte 12: damaged', hint: 'bring it back' }];
  assert.equal(await verified(deps), {
    status: 3,
    lines: [
      'chain  1 finding    segments 1, records 13, bytes 4096, position 13, torn 0',
      '  byte 12: damaged',
      '    -> bring it back',
      'verify: damaged',
    ],
  });
});

test('finds a parent that does not exist', async ({ deps }) => {
  await deps.append(enveloped([prepared(5, 'orphan', 'gone', 99)], 13));
  deps.driver.volumes.set('5', newMemoryVolume());
  const { status, lines } = await verified(deps);
  assert.is(status, 1);
  assert.match(lines.join('\n'), 'active orphan: its parent gone does not exist');
});

test('finds a checkpoint whose rows differ or are invalid', async ({ deps }) => {
  const at = { position: 3, chainHash: await deps.chainHashAt(3) };
  const rows = [...toRows(envelopes.slice(0, 3).reduce(evolve, emptyState()))];
  deps.checkpoints.push({ at, rows });
  assert.is((await verified(deps)).status, 0);
  for (const wrong of [rows.slice(0, -1), [...rows, ['usage', [[1, 5, 1]]]], [...rows, ['snapshot', 7]]]) {
    deps.checkpoints[0] = { at, rows: wrong };
    const { status, lines } = await verified(deps);
    assert.is(status, 1);
    assert.match(lines.join('\n'), 'the checkpoint at position 3 differs from the log');
  }
});

test('finds a checkpoint that is ahead of the log', async ({ deps }) => {
  deps.checkpoints.push({ at: { position: 14, chainHash: 'm' }, rows: [] });
  const { status, lines } = await verified(deps);
  assert.is(status, 3);
  assert.match(lines.join('\n'), 'the log ends at position 13, but a checkpoint shows that it once held position 14');
});

test('accepts a checkpoint that is written meanwhile', async ({ deps }) => {
  const openCheckpoints = async () => {
    await deps.append(enveloped([prepared(5, 'k')], 13));
    deps.driver.volumes.set('5', newMemoryVolume());
    const rows = [...toRows([...envelopes, ...enveloped([prepared(5, 'k')], 13)].reduce(evolve, emptyState()))];
    deps.checkpoints.push({ at: { position: 14, chainHash: await deps.chainHashAt(14) }, rows });
    return deps.storeFiles(deps.root).openCheckpoints();
  };
  const files = deps.storeFiles(deps.root);
  const log = await files.openLog();
  const openLog = onceThen(log, () => files.openLog());
  const early = { ...deps, storeFiles: () => ({ ...files, openCheckpoints, openLog }) };
  const { print } = createPrinter();
  assert.is(await verify({ root: deps.root }, early, print), 0);
});

/** The first call returns the opened log, later ones open it again. */
function onceThen<T>(first: T, later: () => Promise<T>): () => Promise<T> {
  let called = false;
  return async () => {
    if (called) return later();
    called = true;
    return first;
  };
}

test('accepts only the gap that a repair recorded', async ({ deps }) => {
  const gap = { file: 'f.log', first: 3, last: 5 };
  const inspectLog = async () => ({ ...(await deps.inspectLog(deps.root)), gaps: [gap] });
  const verifyStore = async () => {
    const { lines, print } = createPrinter();
    return { status: await verify({ root: deps.root }, { ...deps, inspectLog }, print), text: lines.join('\n') };
  };
  const unrecorded = await verifyStore();
  assert.is(unrecorded.status, 3);
  assert.match(unrecorded.text, 'leaves out positions 3 to 5, but no event records such a repair');
  const at = { file: 'f.log', offset: 1, what: 'w', first: 3, last: 5 };
  const data = { ...at, done: 'bridged', readable: 2, unreadable: 1, kept: 'log/damaged-3', lastId: 4 } as const;
  const repair = { type: 'LogRepaired', data } as const;
  await deps.append(enveloped([repair], 13));
  const result = await verifyStore();
  assert.is(result.status, 0, result.text);
  assert.match(
    result.text,
    'note: known since the repair at position 14: positions 3 to 5 are lost, 1 of them unreadable',
  );
});

test('explains every snapshot and every directory', async ({ sandbox, deps }) => {
  deps.driver.volumes.set('stray', { ...newMemoryVolume(), bytes: 1 });
  const fact = { path: 'snapshots/9', id: 9, moved: 'quarantine/13-9', why: 'unexplained' };
  await deps.append(enveloped([{ type: 'OrphanQuarantined', data: fact }], 13));
  sandbox.folder('root/quarantine/13-9');
  sandbox.folder('root/quarantine/mine');
  const { lines, print } = createPrinter();
  await verify({ root: deps.root, all: true }, deps, print);
  assert.equal(
    lines.slice(0, 10).map((line) => line.replace(/ {2,}/g, '  ')),
    [
      'IS  ID  ABOUT  WHY',
      '  committed  1  default/2/sha256:aaa  prepared at position 3, parent of 1',
      '  committed  2  default/4/sha256:bbb  prepared at position 5, on default/2/sha256:aaa, parent of 1',
      '  active  3  default/5/web  prepared at position 8, on default/4/sha256:bbb',
      '  committed directory  1  snapshots/1  the volume of default/2/sha256:aaa',
      '  committed directory  2  snapshots/2  the volume of default/4/sha256:bbb',
      '  active directory  3  snapshots/3  the volume of default/5/web',
      '! unknown directory  snapshots/stray  snapshots/stray: its name is no snapshot id',
      '  quarantined directory  9  quarantine/13-9  was snapshots/9 until position 14: unexplained',
      '  unknown directory  quarantine/mine  not in any event of the log: put there by hand?',
    ],
  );
});

test('explains retained layers, and missing ones', async ({ deps }) => {
  for (const [id, key, parentId] of [
    [3, 'default/5/web', 2],
    [2, 'default/4/sha256:bbb', 1],
    [1, 'default/2/sha256:aaa', null],
  ] as const) {
    const data = { id, key, kind: 'committed', parent: '', parentId, labels: {}, created: 1n, updated: 1n } as const;
    await deps.append(enveloped([{ type: 'SnapshotRemoved', data: { ...data, retained: true } }], 16 - id));
  }
  const rows = async () => {
    const { lines, print } = createPrinter();
    const status = await verify({ root: deps.root, json: true }, deps, print);
    const all = lines.slice(0, -1).map((line) => JSON.parse(line));
    return { status, all: all.map(({ is, about, why, odd }) => `${is} ${about} ${odd ? 'odd' : 'fine'} ${why}`) };
  };
  const whole = await rows();
  assert.is(whole.status, 0);
  const removed = (position: number) => new RegExp(`^retained \\S+ fine removed at position ${position}, 2023-`);
  assert.match(whole.all[0] ?? '', removed(16));
  assert.match(whole.all[3] ?? '', /^retained snapshots\/1 fine removed at position 16, .*restore 1` brings it back$/);
  deps.driver.volumes.delete('2');
  const broken = await rows();
  assert.is(broken.status, 1);
  assert.match(broken.all.join('\n'), 'retained default/4/sha256:bbb odd the content of committed snapshot 2');
  assert.match(broken.all.join('\n'), 'retained default/5/web odd its parent default/4/sha256:bbb is lost');
});

test('prints one line per row and one object with every step with --json', async ({ deps }) => {
  const { lines, print } = createPrinter();
  await verify({ root: deps.root, json: true }, deps, print);
  assert.equal(JSON.parse(lines[0] ?? ''), {
    ...{ row: 'snapshot', about: 'default/2/sha256:aaa', id: 1, is: 'committed', odd: false },
    why: 'prepared at position 3, parent of 1',
  });
  assert.is(lines.length, 7);
  const { status, steps } = JSON.parse(lines.at(-1) ?? '');
  assert.is(status, 0);
  assert.equal(
    steps.map(({ step }: { step: string }) => step),
    ['chain', 'projections', 'parents', 'volumes', 'orphans'],
  );
});

test.run();
withImages.run();
