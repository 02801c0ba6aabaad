import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { forgetStore } from '../../../src/app/fleet/forget-store.ts';
import type { StoreFacts } from '../../../src/ports/fleet-questions.ts';
import { caughtFault } from '../../support/caught-fault.ts';
import { memoryRemoval, storeFacts } from '../../support/fleet/memory-removal.ts';

const test = suite('fleet forget');
const now = BigInt(Date.UTC(2026, 10, 29)) * 1_000_000n;
const day = 86_400_000_000_000n;
const facts = (store: string, given: Partial<StoreFacts> = {}) => storeFacts(store, now, { open: false, ...given });

/** The fleet of most tests: web-1 was installed anew. */
const fleet = () => [
  facts('11111111-a', { node: 'web-1' }),
  facts('22222222-b', { node: 'web-1' }),
  facts('22223333-c', { node: 'web-10' }),
  facts('44444444-d', { node: '' }),
];

const forgotten = async (named: string, { force = false, dryRun = false, stores = fleet() } = {}) => {
  const removal = memoryRemoval(...stores);
  const { store } = await forgetStore(removal, { named, force, dryRun, now });
  return { store: store.store, left: removal.stores.map(({ store }) => store) };
};

test('names: an id, the beginning of one, and the whole name of a node name its store', async () => {
  for (const [named, store] of [
    ['11111111-a', '11111111-a'],
    ['1111', '11111111-a'],
    ['22222', '22222222-b'],
    ['web-10', '22223333-c'],
  ] as const) {
    const found = await forgotten(named);
    assert.is(found.store, store);
    assert.equal(
      found.left,
      fleet().flatMap((one) => (one.store === store ? [] : [one.store])),
    );
  }
});

test('names: several stores, and none, are an error that says where and what to do', async () => {
  const cases: readonly (readonly [named: string, message: string, hint: string])[] = [
    ['web-1', 'web-1: names 2 stores', "use a store's id: 11111111-a web-1, 22222222-b web-1"],
    ['2222', '2222: names 2 stores', '22222222-b web-1, 22223333-c web-10'],
    ['web-2', 'web-2: not found', 'did you mean web-1? `snapledger fleet nodes` lists all'],
    ['database', 'database: not found', '`snapledger fleet nodes` lists all'],
    ['222', '222: not found', 'at least 4 characters'],
    ['', ': not found', '`snapledger fleet nodes` lists all'],
  ];
  for (const [named, message, hint] of cases) {
    const fault = await caughtFault(forgotten(named));
    assert.is(fault.code, 'missing');
    assert.ok(fault.message.startsWith('postgres://index@db:5432/fleet: node or store '), fault.message);
    assert.ok(fault.message.includes(message), fault.message);
    assert.ok(fault.hint.includes(hint), fault.hint);
  }
});

test('names: the beginning of a node name is not enough, as when a node is forgotten twice', async () => {
  const stores = [facts('11111111-a', { node: 'node-1' }), facts('22222222-b', { node: 'node-10' })];
  const { left } = await forgotten('node-1', { stores });
  assert.equal(left, ['22222222-b']);
  const fault = await caughtFault(forgotten('node-1', { stores: stores.slice(1) }));
  assert.is(fault.code, 'missing');
});

test('a store in use: is refused, also in a dry run, unless it is forced', async () => {
  for (const lastRecorded of [now - day, now - 1n, now + day]) {
    const stores = [facts('11111111-a', { open: true, lastRecorded })];
    for (const dryRun of [false, true]) {
      const fault = await caughtFault(forgotten('1111', { stores, dryRun }));
      assert.is(fault.code, 'busy');
      assert.match(fault.message, 'store 11111111-a of node node-11111111-a is in use');
      assert.match(fault.hint, '--force');
    }
    assert.equal((await forgotten('1111', { stores, force: true })).left, []);
  }
});

test('a store that was closed, is silent, has stopped or has no event: is not in use', async () => {
  for (const given of [
    { open: false },
    { open: true, lastRecorded: now - day - 1n },
    { open: true, stopped: true },
    { open: true, lastRecorded: null },
  ])
    assert.equal((await forgotten('1111', { stores: [facts('11111111-a', given)] })).left, []);
});

test('dry run: removes nothing', async () => {
  assert.is((await forgotten('1111', { dryRun: true })).left.length, fleet().length);
});

test.run();
