import * as assert from 'uvu/assert';
import { type LogOptions, log } from '../../../src/cli/commands/log.ts';
import { Fault } from '../../../src/ports/fault.ts';
import { cliSuite, createPrinter, type MemoryWorld } from '../memory-world.ts';

const test = cliSuite('log');

async function printed(world: MemoryWorld, key: string | undefined, options: LogOptions) {
  const { lines, print } = createPrinter();
  await log(key, { root: world.root, ...options }, world, print);
  return lines;
}

const positions = async (world: MemoryWorld, key: string | undefined, options: LogOptions) =>
  (await printed(world, key, { ...options, json: true })).map((line) => Number(JSON.parse(line).position));

test('shows the events as an aligned table', async ({ world }) => {
  assert.equal(await printed(world, undefined, { from: 10, lines: 3 }), [
    'POSITION  TIME                      TYPE             ID  KEY            WHAT                  ACTOR',
    '      11  2023-11-14T22:24:20.000Z  SnapshotRemoved   4  default/6/job  active                containerd/default',
    '      12  2023-11-14T22:25:20.000Z  VolumePurged      4                 removed, 4 KiB freed  containerd/default',
    '      13  2023-11-14T22:26:20.000Z  StoreClosed                         SIGTERM               operator',
  ]);
});

test('prints envelopes as they stand in the log', async ({ world }) => {
  const [line = ''] = await printed(world, undefined, { json: true, lines: 1 });
  assert.equal(JSON.parse(line), {
    position: '13',
    id: '00000000-0000-5000-8000-000000000013',
    time: '1700000780000000000',
    type: 'StoreClosed.v1',
    meta: { actor: 'operator' },
    data: { reason: 'SIGTERM' },
  });
});

test('begins at a position, and keeps the newest so many', async ({ world }) => {
  assert.equal(await positions(world, undefined, { from: 12 }), [12, 13]);
  assert.equal(await positions(world, undefined, { lines: 2 }), [12, 13]);
  assert.equal(await positions(world, undefined, { from: 13, lines: 5 }), [13]);
  assert.equal(await positions(world, undefined, { from: 99 }), []);
});

test('shows some types alone, and the newest of them', async ({ world }) => {
  assert.equal(await positions(world, undefined, { type: ['SnapshotPrepared'] }), [3, 5, 8, 9]);
  assert.equal(await positions(world, undefined, { type: ['SnapshotPrepared', 'StoreClosed'], lines: 2 }), [9, 13]);
});

test('shows the whole life of the snapshots under a key or name', async ({ world }) => {
  assert.equal(await positions(world, 'default/1/extract-a', {}), [3, 4, 7]);
  assert.equal(await positions(world, 'default/6/job', {}), [9, 11, 12]);
  assert.equal(await positions(world, 'default/6/job', { from: 10, lines: 1 }), [12]);
});

const failure = (deed: Promise<unknown>) =>
  deed.then(
    () => undefined,
    (error: unknown) => error,
  );

test('says so where no event names the key', async ({ world }) => {
  const error = await failure(printed(world, 'nothing', {}));
  assert.ok(error instanceof Fault);
  assert.is(error.code, 'missing');
  assert.match(error.message, 'nothing: no snapshot ever had this key, name or number');
});

test('suggests the type that was meant', async ({ world }) => {
  const error = await failure(printed(world, undefined, { type: ['SnapshotRemove'] }));
  assert.ok(error instanceof Fault && error.code === 'misuse');
  assert.is(error.hint, 'did you mean SnapshotRemoved?');
});

test('shows what lies between two times', async ({ world }) => {
  assert.equal(await positions(world, undefined, { since: '2023-11-14T22:24:20Z' }), [11, 12, 13]);
  assert.equal(await positions(world, undefined, { until: '2023-11-14T22:15:20Z' }), [1, 2]);
  assert.equal(
    await positions(world, undefined, { since: '2023-11-14T22:22:00Z', until: '2023-11-14T22:24:19Z' }),
    [9, 10],
  );
  assert.equal(await positions(world, undefined, { until: '2023-11-14T22:15:20Z', lines: 1 }), [2]);
  assert.equal(await positions(world, undefined, { since: '1h ago' }), []);
});

test('shows one namespace, and a key that is named as an option', async ({ world }) => {
  assert.equal(await positions(world, undefined, { namespace: 'default', from: 10 }), [10, 11, 12]);
  assert.equal(await positions(world, undefined, { namespace: 'other' }), []);
  assert.equal(await positions(world, undefined, { key: 'default/6/job' }), [9, 11, 12]);
});

test('shows nothing and no error where a known key is filtered away', async ({ world }) => {
  assert.equal(await positions(world, 'default/6/job', { from: 13 }), []);
});

test('tells how long ago it was', async ({ world }) => {
  const [, line = ''] = await printed(world, undefined, { lines: 1, relative: true });
  assert.match(line, /^ +13 {2}\d+d ago {2}StoreClosed/);
});

test('refuses what can not be selected', async ({ world }) => {
  const refused = async (key: string | undefined, options: LogOptions) => {
    const error = await failure(printed(world, key, options));
    assert.ok(error instanceof Fault && error.code === 'misuse');
    return error.message;
  };
  assert.match(await refused(undefined, { since: '5' }), '--since: 5: is no time');
  assert.match(await refused(undefined, { until: 'noon' }), '--until: noon: is no time');
  assert.match(await refused(undefined, { until: '1h ago', follow: true }), '--follow never ends');
  assert.match(await refused('a', { key: 'b' }), 'two keys are named');
});

test.run();
