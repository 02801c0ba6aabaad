import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../../events/registry.ts';
import { History, historyOf } from '../../../src/app/audit/history.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { committed, prepared } from '../../support/sample-events.ts';
import { memoryFiles } from './memory-files.ts';

const test = suite('history of a snapshot');
const second = 1_000_000_000n;
const A = { name: 'A', id: 1 };
const B = { name: 'B', id: 2 };

const removedEvent = (id: number, key: string, parent: { name: string; id: number } | null = null): Event => ({
  type: 'SnapshotRemoved',
  data: {
    id,
    key,
    kind: 'committed',
    parent: parent?.name ?? '',
    parentId: parent?.id ?? null,
    labels: {},
    created: 0n,
    updated: 0n,
    retained: false,
  },
});

const facts: readonly Event[] = [
  prepared(1, 'a'),
  committed(1, 'a', 'A'),
  prepared(2, 'b', A),
  { type: 'UsageMeasured', data: { id: 1, bytes: 5, inodes: 1 } },
  committed(2, 'b', 'B', A),
  prepared(3, 'c', B),
  committed(3, 'c', 'C', B),
  prepared(4, 'a', B),
  removedEvent(3, 'C', B),
  { type: 'VolumePurged', data: { id: 3, why: 'removed', bytes: 5 } },
];

const of = async (key: string, events = facts) => historyOf(await memoryFiles(events), key, 100n * second);

test('has every event of the snapshot, and how long it was active', async () => {
  const [first] = await of('A');
  assert.equal(
    first?.events.map(({ position }) => position),
    [1, 2, 4],
  );
  assert.is(first?.activeFor, second);
  assert.is(first?.now, 'A');
});

test('has all snapshots that ever had a key, oldest first', async () => {
  const histories = await of('a');
  assert.equal(
    histories.map(({ id }) => id),
    [1, 4],
  );
  assert.is(histories[1]?.activeFor, 92n * second, 'an open one is active until now');
});

test('has its children then and now', async () => {
  const [first] = await of('B');
  assert.equal(first?.children, [
    { id: 3, was: 'c', now: null },
    { id: 4, was: 'a', now: 'a' },
  ]);
});

test('has the parents of a removed one, alive or not', async () => {
  const [living] = await of('C');
  assert.is(living?.ended?.position, 9);
  assert.equal(living?.parents, [
    { id: 2, was: 'B', now: 'B' },
    { id: 1, was: 'A', now: 'A' },
  ]);
  const [removed] = await of('C', [...facts.slice(0, 7), removedEvent(3, 'C', B), removedEvent(2, 'B', A)]);
  assert.equal(removed?.parents, [
    { id: 2, was: 'B', now: null },
    { id: 1, was: 'A', now: 'A' },
  ]);
});

test('of a removed one is found by the start of its key too', async () => {
  const events = [prepared(1, 'default/1/removed-one'), removedEvent(1, 'default/1/removed-one')];
  assert.equal(
    (await of('remov', events)).map(({ id }) => id),
    [1],
  );
});

test('is found by the id too', async () => {
  assert.equal(
    (await of('3')).map(({ name }) => name),
    ['C'],
  );
});

const hintFor = async (key: string, events: readonly Event[]) => {
  const error = await caughtFault(of(key, events));
  assert.is(error.code, 'missing');
  return error.hint;
};

test('suggests the nearest keys if there was none', async () => {
  const events = [prepared(1, 'layer-of-web'), prepared(2, 'job')];
  assert.is(await hintFor('layer-of-webb', events), 'the nearest are: layer-of-web');
  assert.is(await hintFor('web', events), 'the nearest are: layer-of-web');
  assert.is(await hintFor('99', events), '`snapledger ls` lists the existing ones');
});

test('suggests removed keys if no live one is near', async () => {
  const events = [prepared(1, 'removed-one'), removedEvent(1, 'removed-one')];
  assert.is(await hintFor('removed-once', events), 'the nearest are: removed-one');
});

test('is plain JSON with --json', async () => {
  const [first] = (await of('C')).map(History.encode);
  assert.equal(JSON.parse(JSON.stringify(first)), {
    id: '3',
    key: 'c',
    name: 'C',
    kind: 'committed',
    now: null,
    activeFor: '1000000000',
    parents: [
      { id: '2', was: 'B', now: 'B' },
      { id: '1', was: 'A', now: 'A' },
    ],
    children: [],
    events: first?.events,
  });
});

test.run();
