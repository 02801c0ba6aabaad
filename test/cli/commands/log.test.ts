import * as assert from 'uvu/assert';
import type { Given } from '../../../src/app/queries/query.ts';
import { type LogOptions, log } from '../../../src/cli/commands/log.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { cliSuite, createPrinter, type MemoryDeps } from '../memory-deps.ts';

const test = cliSuite('log');

async function printed(deps: MemoryDeps, given: Given, options: LogOptions = {}) {
  const { lines, print } = createPrinter();
  await log(given, { root: deps.root, ...options }, deps, print);
  return lines;
}

const positions = async (deps: MemoryDeps, given: Given) =>
  (await printed(deps, given, { json: true })).map((line) => Number(JSON.parse(line).position));

test('shows the events as an aligned table', async ({ deps }) => {
  assert.equal(await printed(deps, { from: '10', lines: '3' }), [
    'POSITION  TIME                      TYPE             ID  KEY            WHAT                  ACTOR',
    '      11  2023-11-14T22:24:20.000Z  SnapshotRemoved   4  default/6/job  active                containerd/default',
    '      12  2023-11-14T22:25:20.000Z  VolumePurged      4                 removed, 4 KiB freed  containerd/default',
    '      13  2023-11-14T22:26:20.000Z  StoreClosed                         SIGTERM               operator',
  ]);
});

test('prints envelopes as they are in the log', async ({ deps }) => {
  const [line = ''] = await printed(deps, { lines: '1' }, { json: true });
  assert.equal(JSON.parse(line), {
    position: '13',
    id: '00000000-0000-5000-8000-000000000013',
    time: '1700000780000000000',
    type: 'StoreClosed.v1',
    meta: { actor: 'operator' },
    data: { reason: 'SIGTERM' },
  });
});

test('starts at a position, and limits to the newest', async ({ deps }) => {
  assert.equal(await positions(deps, { from: '12' }), [12, 13]);
  assert.equal(await positions(deps, { lines: '2' }), [12, 13]);
  assert.equal(await positions(deps, { from: '13', lines: '5' }), [13]);
  assert.equal(await positions(deps, { from: '99' }), []);
});

test('filters by type, and limits to the newest of it', async ({ deps }) => {
  assert.equal(await positions(deps, { type: ['SnapshotPrepared'] }), [3, 5, 8, 9]);
  assert.equal(await positions(deps, { type: ['SnapshotPrepared', 'StoreClosed'], lines: '2' }), [9, 13]);
});

test('shows the whole history of the snapshots under a key or name', async ({ deps }) => {
  assert.equal(await positions(deps, { key: 'default/1/extract-a' }), [3, 4, 7]);
  assert.equal(await positions(deps, { key: 'default/6/job' }), [9, 11, 12]);
  assert.equal(await positions(deps, { key: 'default/6/job', from: '10', lines: '1' }), [12]);
});

const failure = (action: Promise<unknown>) =>
  action.then(
    () => undefined,
    (error: unknown) => error,
  );

test('says that no event names the key', async ({ deps }) => {
  const error = await failure(printed(deps, { key: 'nothing' }));
  assert.ok(error instanceof Fault);
  assert.is(error.code, 'missing');
  assert.match(error.message, 'nothing: no snapshot ever had this key, name or id');
});

test('suggests the nearest type', async ({ deps }) => {
  const error = await failure(printed(deps, { type: ['SnapshotRemove'] }));
  assert.ok(error instanceof Fault && error.code === 'misuse');
  assert.match(error.message, /^--type: expected names of events \(did you mean SnapshotRemoved\?\), found /);
});

test('filters by a period', async ({ deps }) => {
  assert.equal(await positions(deps, { since: '2023-11-14T22:24:20Z' }), [11, 12, 13]);
  assert.equal(await positions(deps, { until: '2023-11-14T22:15:20Z' }), [1, 2]);
  assert.equal(await positions(deps, { since: '2023-11-14T22:22:00Z', until: '2023-11-14T22:24:19Z' }), [9, 10]);
  assert.equal(await positions(deps, { until: '2023-11-14T22:15:20Z', lines: '1' }), [2]);
  assert.equal(await positions(deps, { since: '1h ago' }), []);
});

test('filters by namespace and by key', async ({ deps }) => {
  assert.equal(await positions(deps, { namespace: 'default', from: '10' }), [10, 11, 12]);
  assert.equal(await positions(deps, { namespace: 'other' }), []);
  assert.equal(await positions(deps, { key: 'default/6/job' }), [9, 11, 12]);
});

test('shows nothing and no error if a known key is filtered out', async ({ deps }) => {
  assert.equal(await positions(deps, { key: 'default/6/job', from: '13' }), []);
});

test('accepts a relative time', async ({ deps }) => {
  const [, line = ''] = await printed(deps, { lines: '1' }, { relative: true });
  assert.match(line, /^ +13 {2}\d+d ago {2}StoreClosed/);
});

test('refuses an invalid selection', async ({ deps }) => {
  const refused = async (given: Given, options: LogOptions = {}) => {
    const error = await failure(printed(deps, given, options));
    assert.ok(error instanceof Fault && error.code === 'misuse');
    return error.message;
  };
  assert.match(await refused({ since: '5' }), '--since: expected a time, as ');
  assert.match(await refused({ until: 'noon' }), '--until: expected a time, as ');
  assert.match(await refused({ until: '1h ago' }, { follow: true }), '--follow never ends');
  assert.match(await refused({ from: 'x' }), '--from: expected a position from 1 to ');
});

test.run();
