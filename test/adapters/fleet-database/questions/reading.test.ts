import * as assert from 'uvu/assert';
import { openFleetQuestions } from '../../../../src/adapters/fleet-database/postgres/questions/open-fleet-questions.ts';
import { holdersOfImage } from '../../../../src/app/fleet/questions/layers.ts';
import { fleetQueries } from '../../../../src/app/fleet/questions/queries.ts';
import { caughtFault } from '../../../support/caught-fault.ts';
import { beginning, digests, snapshotRow, storeRow } from '../../../support/fleet/arbitrary-fleet.ts';
import { type FleetServer, startFleetServer } from '../../../support/fleet/fleet-server.ts';
import { requirePostgres } from '../../../support/postgres.ts';
import { suiteNeeding } from '../../../support/requirements.ts';

const test = suiteNeeding('reading the database of a fleet', requirePostgres());
let server: FleetServer;
test.before(async () => {
  server = await startFleetServer();
});
test.after(() => server.end());

const noLayer = { layer: undefined, image: undefined };
const image = { namespace: 'k8s.io', target: digests[4] ?? '', created: beginning, updated: beginning, deleted: null };
const layer = (store: string, id: number, chainId: string, key = `k8s.io/${id}/${chainId}`) =>
  snapshotRow(store, id, { kind: 'committed', chainId, key, committed: beginning });

/** Texts that would end a statement, match anything, hide, or not fit. */
const hostile = [
  `'; DROP TABLE snapledger.store; --`,
  '"$1" \\ \\\\ $$ E\'\\x00\'',
  '%',
  '____',
  'a%b_c',
  'zero\0byte and half a pair \ud800',
  '\u202eright to left \u2066אבג',
  'x'.repeat(4096),
  Array.from({ length: 1365 }, (_, at) => String.fromCodePoint(0x4e00 + ((at * 7919) % 20000))).join(''),
];

test('hostile names: are found as they are, and match nothing else', async () => {
  const stores = hostile.map((name, at) => storeRow(`store-${at}`, name));
  const snapshots = hostile.flatMap((name, at) => [
    layer(`store-${at}`, 1, name, `k8s.io/1/${name}`),
    snapshotRow(`store-${at}`, 2, { key: `k8s.io/2/run ${name}`, parentId: 1 }),
  ]);
  const images = hostile.map((name, at) => ({ ...image, store: `store-${at}`, name, layers: [name] }));
  await server.fill({ stores, snapshots, images });
  for (const [at, name] of hostile.entries()) {
    const expected = [
      { store: `store-${at}`, node: name, key: `k8s.io/1/${name}`, containers: [`k8s.io/2/run ${name}`] },
    ];
    const brief = (rows: Awaited<ReturnType<typeof holdersOfImage>>) =>
      rows.map(({ store, node, key, containers }) => ({ store, node, key, containers }));
    assert.equal(brief(await fleetQueries.holds.run(server.source(), { ...noLayer, layer: name })), expected);
    assert.equal(brief(await holdersOfImage(server.source(), name)), expected);
    assert.equal((await fleetQueries.at.run(server.source(), { time: beginning, node: name })).length, 2);
  }
  const fault = await caughtFault(fleetQueries.holds.run(server.source(), { ...noLayer, layer: '%%%%' }));
  assert.is(fault.code, 'missing');
});

test('holds: without any image recorded says how to record them, and with others that it is not there', async () => {
  await server.fill({ stores: [storeRow('s', 'n')] });
  const unrecorded = await caughtFault(holdersOfImage(server.source(), 'docker.io/a:1'));
  assert.is(unrecorded.code, 'unsupported');
  assert.match(unrecorded.hint, /containerd\.events/);
  await server.fill({
    stores: [storeRow('s', 'n')],
    images: [{ ...image, store: 's', name: 'docker.io/b:1', layers: [] }],
  });
  assert.is((await caughtFault(holdersOfImage(server.source(), 'docker.io/a:1'))).code, 'missing');
});

test('holds: an image is found by name or digest, on nodes without its name, and by name without its layers', async () => {
  const [top = '', other = ''] = digests;
  await server.fill({
    stores: ['s', 't', 'u'].map((store) => storeRow(store, `node-${store}`)),
    snapshots: [layer('s', 1, top), layer('t', 1, top), layer('u', 1, other)],
    images: [
      { ...image, store: 's', name: 'docker.io/a:1', layers: [other, top] },
      { ...image, store: 'u', name: 'docker.io/a:1', layers: [] },
    ],
  });
  for (const name of ['docker.io/a:1', image.target, image.target.slice('sha256:'.length)]) {
    const rows = await holdersOfImage(server.source(), name);
    assert.equal(
      rows.map(({ node, id, image: found }) => [node, id, found]),
      [
        ['node-s', 1, 'docker.io/a:1'],
        ['node-t', 1, null],
        ['node-u', null, 'docker.io/a:1'],
      ],
    );
  }
});

test('holds: of an image of one layer, that layer on another parent is none of it', async () => {
  const [only = '', parent = '', onParent = ''] = digests;
  await server.fill({
    stores: ['s', 't'].map((store) => storeRow(store, `node-${store}`)),
    snapshots: [
      { ...layer('s', 1, only), diffId: only },
      layer('t', 1, parent),
      { ...layer('t', 2, onParent), diffId: only, parentId: 1 },
    ],
    images: [{ ...image, store: 's', name: 'docker.io/a:1', layers: [only] }],
  });
  const rows = await holdersOfImage(server.source(), 'docker.io/a:1');
  assert.equal(
    rows.map(({ node, id, image: found }) => [node, id, found]),
    [['node-s', 1, 'docker.io/a:1']],
  );
  const byLayer = await fleetQueries.holds.run(server.source(), { ...noLayer, layer: only });
  assert.equal(byLayer.length, 2, 'the diff id names both');
});

test('lag: shows the times of the newest event, silent nodes, and why a store is stopped', async () => {
  const hour = 3_600_000_000_000n;
  await server.fill({
    stores: [
      storeRow('s', 'a', { lastEvent: beginning, lastRecorded: beginning + 5_000_000_000n }),
      storeRow('t', 'b', {
        fault: 'position 4: the chain breaks',
        hint: 'ask',
        head: { position: 3, chainHash: '', stopped: true },
      }),
      storeRow('u', 'c', { lastRecorded: beginning - hour }),
      storeRow('v', 'd', { open: false, lastRecorded: beginning - hour }),
    ],
  });
  const { rows, written } = await fleetQueries.lag.run(server.source(), { node: undefined, silent: beginning });
  assert.equal(
    rows.map(({ node, state, forwarding, fault }) => [node, state, forwarding, fault]),
    [
      ['a', 'open', 5_000_000_000n, ''],
      ['b', 'stopped', 0n, 'position 4: the chain breaks'],
      ['c', 'silent', -hour, ''],
      ['d', 'closed', -hour, ''],
    ],
  );
  assert.ok((written ?? 0n) > beginning);
  assert.ok(rows.every(({ recorded, indexed, indexing }) => indexing === (indexed ?? 0n) - (recorded ?? 0n)));
});

test('incidents: are the newest, of a time, a kind or a node', async () => {
  const incident = (store: string, position: number, kind: 'lost' | 'crash') =>
    ({
      store,
      position,
      time: beginning + BigInt(position) * 1_000_000_000n,
      kind,
      snapshot: 1,
      key: 'k',
      text: 'why',
    }) as const;
  await server.fill({
    stores: [storeRow('s', 'n'), storeRow('t', 'm')],
    incidents: [incident('s', 1, 'lost'), incident('s', 2, 'crash'), incident('t', 3, 'lost')],
  });
  const all = { since: undefined, until: undefined, kind: undefined, node: undefined, lines: undefined } as const;
  const positions = async (values: Partial<Record<keyof typeof all, unknown>>) =>
    (await fleetQueries.incidents.run(server.source(), { ...all, ...(values as object) })).map(
      ({ position }) => position,
    );
  assert.equal(await positions({}), [3, 2, 1]);
  assert.equal(await positions({ since: beginning + 2_000_000_000n }), [3, 2]);
  assert.equal(await positions({ until: beginning + 2_000_000_000n }), [2, 1]);
  assert.equal(await positions({ kind: 'lost' }), [3, 1]);
  assert.equal(await positions({ node: 'n', lines: 1 }), [2]);
  assert.is((await caughtFault(positions({ lines: 1_000_000 }))).code, 'misuse');
});

test('database: an empty fleet answers every question with nothing', async () => {
  await server.fill({});
  const source = server.source(beginning);
  for (const name of ['nodes', 'incidents', 'unused'] as const)
    assert.equal(await fleetQueries[name].run(source, {} as never), [], name);
  assert.equal(await fleetQueries.at.run(source, { time: beginning, node: undefined }), []);
  assert.equal((await fleetQueries.lag.run(source, {} as never)).rows, []);
  for (const by of ['node', 'namespace', 'image'] as const)
    assert.equal(await fleetQueries.usage.run(source, { by, since: undefined }), []);
});

test('database: a role that may only read suffices, and one that may not is told what it lacks', async () => {
  server.postgres.sql('CREATE ROLE stranger LOGIN');
  const fault = await caughtFault(openFleetQuestions(server.postgres.url.replace('postgres@', 'stranger@')));
  assert.is(fault.code, 'unsupported');
  assert.match(fault.hint, /USAGE.*SELECT/);
});

test('database: without an index, with an older or a newer one, is told clearly', async () => {
  const { postgres, url } = server;
  const without = await caughtFault(openFleetQuestions(url, 'nowhere'));
  assert.is(without.code, 'missing');
  assert.match(without.hint, /fleet index/);
  const current = postgres.sql('SELECT max(version) FROM snapledger.migration').trim();
  const withVersion = async (version: string) => {
    postgres.sql(
      `UPDATE snapledger.migration SET version = ${version} WHERE version = (SELECT max(version) FROM snapledger.migration)`,
    );
    const fault = await caughtFault(openFleetQuestions(url));
    postgres.sql(
      `UPDATE snapledger.migration SET version = ${current} WHERE version = (SELECT max(version) FROM snapledger.migration)`,
    );
    return fault;
  };
  assert.match((await withVersion('99')).message, /version 99/);
  assert.match((await withVersion('0')).hint, /fleet index/);
});

test('database: a lost connection is replaced, and a server that is gone is a fault until it is back', async () => {
  await server.fill({ stores: [storeRow('s', 'n')] });
  assert.is((await server.questions.stores()).length, 1);
  server.postgres.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'");
  assert.is((await server.questions.stores()).length, 1);
  await server.postgres.stop();
  assert.is((await caughtFault(server.questions.stores())).code, 'io');
  await server.postgres.start();
  assert.is((await server.questions.stores()).length, 1);
});

test.run();
