import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { nodeNamed } from '../../../../src/app/fleet/questions/nodes.ts';
import { fleetQueries } from '../../../../src/app/fleet/questions/queries.ts';
import type { StoreFacts } from '../../../../src/ports/fleet-questions.ts';
import { caughtFault } from '../../../support/caught-fault.ts';
import {
  arbitraryFleet,
  arbitraryTime,
  beginning,
  dayAfter,
  digests,
  type Fleet,
  snapshotRow,
  storeRow,
} from '../../../support/fleet/arbitrary-fleet.ts';
import { type FleetServer, startFleetServer } from '../../../support/fleet/fleet-server.ts';
import {
  difference,
  heldAt,
  holders,
  imageUsage,
  isNamed,
  sizesOn,
  unused,
  usageOn,
} from '../../../support/fleet/model.ts';
import { requirePostgres } from '../../../support/postgres.ts';
import { suiteNeeding } from '../../../support/requirements.ts';

const test = suiteNeeding('questions to the fleet', requirePostgres());
let server: FleetServer;
test.before(async () => {
  server = await startFleetServer();
});
test.after(() => server.end());

const { holds, history, usage, unused: unusedQuery, diff, at, nodes } = fleetQueries;
const none = { image: undefined, layer: undefined };
const sorted = <T>(rows: readonly T[]) =>
  [...rows].map((row) => JSON.stringify(row, (_, value) => (typeof value === 'bigint' ? String(value) : value))).sort();

const resolving = async (stores: readonly StoreFacts[], text: string) => nodeNamed(stores, text);

/** Checks a property of the rows that random fleets lead to. */
const forFleets = <T>(other: fc.Arbitrary<T>, check: (fleet: Fleet, other: T) => Promise<void>) =>
  fc.assert(
    fc.asyncProperty(arbitraryFleet, other, async (fleet, value) => {
      await server.fill(fleet);
      await check(fleet, value);
    }),
    { numRuns: 15 },
  );

/** The rows of a question that finds nothing with `missing`. */
const rowsOr = async <T>(answer: Promise<readonly T[]>): Promise<readonly T[]> => {
  try {
    return await answer;
  } catch (error) {
    assert.is((error as { code?: string }).code, 'missing');
    return [];
  }
};

test('holds: is every existing snapshot with a name, with the actives and views on it and its descendants', () =>
  forFleets(fc.constantFrom(...digests, 'own1', 'k8s.io/2/own2'), async (fleet, name) => {
    const rows = await rowsOr(holds.run(server.source(), { ...none, layer: name }));
    assert.equal(
      sorted(rows.map(({ store, id, containers }) => [store, id, ...[...containers].sort()])),
      sorted(holders(fleet, name)),
    );
  }));

test('holds: finds the containers below a layer of a chain that is longer than what an index holds', async () => {
  const ids = Array.from({ length: 60 }, (_, at) => 9_000_000 + at);
  const path = (depth: number) =>
    ids
      .slice(0, depth)
      .map((id) => `/${id}`)
      .join('');
  const layers = ids.map((id, at) =>
    snapshotRow('s', id, {
      kind: 'committed',
      chainId: `layer${at}`,
      parentId: ids[at - 1] ?? null,
      path: path(at + 1),
    }),
  );
  const containers = [30, 59, 60].map((depth) =>
    snapshotRow('s', depth, {
      key: `k8s.io/1/on${depth}`,
      parentId: ids[depth - 1] ?? null,
      path: `${path(depth)}/${depth}`,
    }),
  );
  // On a layer whose id begins like that of the 29th.
  const other = snapshotRow('s', 1, { key: 'k8s.io/1/other', parentId: 90, path: `${path(29)}0/1` });
  await server.fill({ stores: [storeRow('s', 'n')], snapshots: [...layers, ...containers, other] });
  const on = async (layer: string) =>
    (await holds.run(server.source(), { ...none, layer })).map((row) => row.containers.map((key) => key.slice(9)));
  assert.equal(await on('layer0'), [['other', 'on30', 'on59', 'on60']]);
  assert.equal(await on('layer28'), [['on30', 'on59', 'on60']]);
  assert.equal(await on('layer30'), [['on59', 'on60']]);
  assert.equal(await on('layer58'), [['on59', 'on60']]);
  assert.equal(await on('layer59'), [['on60']]);
});

test('history: is every snapshot with a name, existing or not', () =>
  forFleets(fc.constantFrom(...digests, 'own3'), async (fleet, name) => {
    const rows = await rowsOr(history.run(server.source(), { layer: name, lines: undefined }));
    const expected = fleet.snapshots.filter(isNamed(name));
    assert.equal(
      sorted(rows.map(({ store, id, removed, retained }) => [store, id, removed, retained])),
      sorted(expected.map(({ store, id, removed, retained }) => [store, id, removed, retained])),
    );
  }));

test('at: is what a node had at a time, in the kind that it had then', () =>
  forFleets(arbitraryTime, async (fleet, time) => {
    for (const { store } of fleet.stores) {
      const rows = await at.run(server.source(), { time, node: store });
      assert.equal(
        rows.map((row) => ('key' in row ? [row.id, row.kind] : [])),
        heldAt(fleet, store, time),
      );
    }
  }));

test('at: of all nodes is what they had at the beginning of that day', () =>
  forFleets(fc.nat({ max: 12 }), async (fleet, count) => {
    const time = beginning + BigInt(count) * 86_400_000_000_000n + 3_600_000_000_000n;
    const rows = await at.run(server.source(), { time, node: undefined });
    const expected = sizesOn(fleet, dayAfter(count - 1)).filter(({ snapshots }) => snapshots > 0);
    assert.equal(
      sorted(rows.map((row) => [row.store, row.namespace, 'snapshots' in row && row.snapshots])),
      sorted(expected.map(({ store, namespace, snapshots }) => [store, namespace, snapshots])),
    );
  }));

for (const by of ['store', 'namespace'] as const) {
  const group = by === 'store' ? 'node' : 'namespace';
  test(`usage: by ${group} adds up the newest figures`, () =>
    forFleets(fc.constant(0), async (fleet) => {
      const rows = await usage.run(server.source(), { by: group, since: undefined });
      const expected = usageOn(fleet, '9999', by).filter(({ snapshots }) => snapshots > 0);
      assert.equal(
        sorted(rows.map(({ store, by: name, nodes, snapshots }) => [store || name, nodes, snapshots])),
        sorted(expected.map(({ name, nodes, snapshots }) => [name, nodes, snapshots])),
      );
    }));

  test(`usage: by ${group} and day counts what did not change that day too`, () =>
    forFleets(fc.nat({ max: 10 }), async (fleet, count) => {
      const since = beginning + BigInt(count) * 86_400_000_000_000n + 1n;
      const rows = await usage.run(server.source(), { by: group, since });
      for (const { day, by: name, store, nodes, snapshots, bytes } of rows) {
        const expected = usageOn(fleet, day ?? '', by).find((one) => one.name === (store || name));
        assert.equal({ name: store || name, nodes, snapshots, bytes }, expected);
      }
      const changed = fleet.usage.filter(({ day }) => day >= dayAfter(count)).map((row) => [row.day, row[by]]);
      assert.equal(sorted(rows.map(({ day, by: name, store }) => [day, store || name])), [...new Set(sorted(changed))]);
    }));
}

test('usage: by image adds up the layers that are there', () =>
  forFleets(fc.constant(0), async (fleet) => {
    const rows = await usage.run(server.source(), { by: 'image', since: undefined });
    const plain = rows.map(({ by, nodes, snapshots, bytes }) => ({ by, nodes, snapshots, bytes }));
    assert.equal(sorted(plain), sorted(imageUsage(fleet)));
  }));

test('usage: by image counts layers whose names are too long for an index', async () => {
  const long = Array.from({ length: 1365 }, (_, at) => String.fromCodePoint(0x4e00 + ((at * 7919) % 20000))).join('');
  const layer = (id: number, chainId: string) =>
    snapshotRow('s', id, { kind: 'committed', chainId, key: `k8s.io/${id}/${chainId}`, bytes: 10 ** id });
  const image = { namespace: 'k8s.io', target: 'sha256:t', created: beginning, updated: beginning, deleted: null };
  await server.fill({
    stores: [storeRow('s', 'n')],
    snapshots: [layer(1, long), layer(2, `${long}x`), layer(3, '\\short')],
    images: [{ ...image, store: 's', name: 'image', layers: [long, '\\short'] }],
  });
  const rows = await usage.run(server.source(), { by: 'image', since: undefined });
  assert.equal(
    rows.map(({ by, snapshots, bytes }) => [by, snapshots, bytes]),
    [['image', 2, 1010]],
  );
});

test('unused: is what nothing runs on and nothing was prepared on, descendants included', () =>
  forFleets(fc.tuple(arbitraryTime, fc.nat(), fc.constantFrom(-1000n, 0n, 1000n)), async (fleet, [some, which, by]) => {
    // At, just before or just after a use, or at any time.
    const uses = fleet.snapshots.flatMap(({ committed, lastUsed }) => [committed ?? [], lastUsed ?? []].flat());
    const since = which % 3 === 0 || uses.length === 0 ? some : (uses[which % uses.length] ?? 0n) + by;
    const rows = await unusedQuery.run(server.source(), { for: since, node: undefined });
    const plain = rows.map(({ layer, nodes, bytes, lastUsed }) => ({ layer, nodes, bytes, lastUsed }));
    assert.equal(sorted(plain), sorted(unused(fleet, since)));
    for (const { store } of fleet.stores) {
      const own = { ...fleet, snapshots: fleet.snapshots.filter((row) => row.store === store) };
      const ofNode = await unusedQuery.run(server.source(), { for: since, node: store });
      assert.equal(sorted(ofNode.map(({ layer }) => layer)), sorted(unused(own, since).map(({ layer }) => layer)));
    }
  }));

test('diff: is what only one of two nodes has, or an image that points elsewhere', () =>
  forFleets(fc.tuple(fc.nat({ max: 2 }), fc.nat({ max: 2 })), async (fleet, [one, other]) => {
    const [left, right] = [fleet.stores[one]?.store, fleet.stores[other]?.store];
    if (left === undefined || right === undefined) return;
    const rows = await diff.run(server.source(), { left, right });
    assert.equal(
      sorted(rows.map(({ what, namespace, name }) => `${what} ${namespace} ${name}`)),
      sorted([...difference(fleet, left, right)]),
    );
  }));

test('nodes: two with the same name are marked, and naming one by it is an error that lists both', async () => {
  await server.fill({ stores: [storeRow('11111111-a', 'n'), storeRow('11112222-b', 'n'), storeRow('3333-c', 'm')] });
  const rows = await nodes.run(server.source(), { silent: undefined });
  assert.equal(
    rows.map(({ store, twice }) => [store, twice]),
    [
      ['3333-c', false],
      ['11111111-a', true],
      ['11112222-b', true],
    ],
  );
  const stores = await server.questions.stores();
  for (const text of ['n', '1111']) {
    const fault = await caughtFault(resolving(stores, text));
    assert.is(fault.code, 'missing');
    assert.match(fault.hint, /11111111-a n, 11112222-b n/);
  }
  assert.is(nodeNamed(stores, '11112').store, '11112222-b');
  assert.is(nodeNamed(stores, 'm').store, '3333-c');
  assert.match((await caughtFault(resolving(stores, 'mm'))).hint, /did you mean m\?/);
});

test('holds: a beginning names one layer, and several are an error that lists them', async () => {
  const layer = (id: number, chainId: string) =>
    snapshotRow('s', id, { kind: 'committed', chainId, key: `k8s.io/${id}/${chainId}` });
  const all = digests.map((digest, at) => layer(at + 1, digest));
  await server.fill({ stores: [storeRow('s', 'n')], snapshots: all });
  const found = async (text: string) =>
    (await holds.run(server.source(), { ...none, layer: text })).map(({ id }) => id);
  assert.equal(await found('sha256:ab000'), [2]);
  assert.equal(await found('ab000000'), [2]);
  assert.equal(await found(`${digests[3]?.slice(0, 19)}…`), [4]);
  assert.equal(await found('k8s.io/3/sha256:b000'), [3]);
  await server.fill({ stores: [storeRow('s', 'n')], snapshots: [layer(1, 'sha256:ab12c'), layer(2, 'sha256:ab12')] });
  assert.equal(await found('sha256:ab12'), [2]);
  await server.fill({ stores: [storeRow('s', 'n')], snapshots: [layer(1, 'sha256:ab12c'), layer(2, 'sha256:ab12d')] });
  const fault = await caughtFault(found('ab12'));
  assert.match(fault.message, /begins 2 names/);
  assert.match(fault.hint, /sha256:ab12c, sha256:ab12d/);
});

test('holds and history: names longer than an entry of an index are completed, and searched by more than it', async () => {
  // Characters of several bytes and units, and an escape of the database's text across the end of the entry.
  const common = `${'é𝄞'.repeat(99)}x\\`;
  const names = ['one', 'other', ''].map((end) => `${common}${end}`);
  const keyed = names.map((name, at) => snapshotRow('s', at + 1, { key: `k8s.io/${at + 1}/${name}` }));
  const layers = names.map((name, at) => snapshotRow('t', at + 1, { kind: 'committed', chainId: `chain ${name}` }));
  await server.fill({
    stores: [storeRow('s', 'n'), storeRow('t', 'm')],
    snapshots: [...keyed, ...layers, ...layers.map((row) => ({ ...row, store: 's', id: (row.id ?? 0) + 10 }))],
  });
  const found = async (text: string) =>
    (await holds.run(server.source(), { ...none, layer: text })).map(({ node, id }) => `${node}${id}`);
  assert.equal(await found(`${common}on`), ['n1']);
  assert.equal(await found(`${common}oth…`), ['n2']);
  assert.equal(await found(common), ['n3'], 'a whole name wins over longer ones');
  assert.equal(await found(`chain ${common}on`), ['m1', 'n11']);
  assert.equal(await found(`k8s.io/1/${common}on`), ['n1']);
  const fault = await caughtFault(found(`${common}o`));
  assert.match(fault.message, /begins 2 names/);
  assert.match(fault.hint, `${names[0]}, ${names[1]}`);
  assert.match((await caughtFault(found('é𝄞é𝄞'))).message, /begins 3 names/);
  assert.is((await caughtFault(found(`${common}x`))).code, 'missing');
  assert.is((await history.run(server.source(), { layer: `${common}ot`, lines: undefined })).length, 1);
});

test('holds and history: a text that is too short for a beginning says so', async () => {
  await server.fill({ stores: [storeRow('s', 'n')], snapshots: [snapshotRow('s', 1, { key: 'k8s.io/1/abc' })] });
  assert.is((await holds.run(server.source(), { ...none, layer: 'abc' })).length, 1);
  for (const text of ['ab', 'sha256:abc']) {
    const fault = await caughtFault(holds.run(server.source(), { ...none, layer: text }));
    assert.is(fault.code, 'missing');
    assert.match(fault.hint, 'at least 4 characters');
  }
});

test.run();
