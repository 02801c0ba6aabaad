import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { openFleetDatabase } from '../../../src/adapters/fleet-database/postgres/fleet-database.ts';
import type { FleetIncident, FleetUsage } from '../../../src/ports/fleet-database.ts';
import { logAndRethrow } from '../../support/log-and-rethrow.ts';
import { type Postgres, requirePostgres, startPostgres } from '../../support/postgres.ts';
import { suiteNeeding } from '../../support/requirements.ts';
import { nanos, sampleChange, sampleSnapshot, sampleStore } from '../../support/sample-fleet.ts';

interface Queried {
  readonly title: string;
  readonly rawSql: string;
}

const { panels, templating } = JSON.parse(readFileSync('src/operations/fleet/grafana-dashboard.json', 'utf8'));
const queries: readonly Queried[] = [
  ...panels.flatMap(({ title, targets }: { title: string; targets: readonly Partial<Queried>[] }) =>
    targets.flatMap(({ rawSql }) => (rawSql === undefined ? [] : [{ title, rawSql }])),
  ),
  ...templating.list.flatMap(({ type, name, query }: { type: string; name: string; query: string }) =>
    type === 'query' ? [{ title: name, rawSql: query }] : [],
  ),
];

/** As Grafana replaces its macros and variables. */
const [from, to] = ["'2026-11-20T00:00:00Z'", "'2026-11-29T00:00:00Z'"];
const asSent = (sql: string) =>
  sql
    // Up to the first parenthesis, as Grafana does.
    .replaceAll(/\$__timeFilter\(([^)]*)\)/g, `$1 BETWEEN ${from} AND ${to}`)
    .replaceAll('$__timeFrom()', from)
    .replaceAll('$__timeTo()', to)
    .replaceAll('$node', "'node-a','node-b'");

const usage: FleetUsage = {
  ...{ store: 'a', day: '2026-11-27', namespace: 'k8s.io', prepared: 3, committed: 2, removed: 1, lost: 0 },
  ...{ bytesAdded: 8192, bytesRemoved: 0, snapshots: 2, bytes: 8192 },
};
const incident: FleetIncident = {
  ...{ store: 'a', position: 7, time: nanos('2026-11-28T20:00:00Z'), kind: 'lost', snapshot: 3 },
  ...{ key: 'k8s.io/3/web', text: 'snapshots/3 is not on the disk' },
};
const time = nanos('2026-11-27T00:00:00Z');
const image = {
  ...{
    store: 'a',
    namespace: 'k8s.io',
    name: 'registry.example/app:1',
    target: `sha256:${'a'.repeat(64)}`,
    layers: [],
  },
  ...{ created: time, updated: time, deleted: null },
};

const test = suiteNeeding<{ postgres: Postgres }>("SQL of the fleet's dashboard", requirePostgres());
test.before((context) =>
  logAndRethrow(async () => {
    context.postgres = await startPostgres();
    const { signal } = new AbortController();
    const database = await openFleetDatabase({ url: context.postgres.url, signal, waiting: () => {} });
    const stopped = {
      head: { position: 1, chainHash: '', stopped: true },
      fault: 'event 2 is missing',
      hint: 'restore',
    };
    await database.apply(
      sampleChange(1, {
        stores: [sampleStore('a'), sampleStore('b', stopped)],
        snapshots: [sampleSnapshot('a', 1), sampleSnapshot('a', 2), sampleSnapshot('b', 1)],
        ...{ usage: [usage], incidents: [incident], images: [image] },
      }),
    );
    await database.close();
    // The reader of OPERATIONS.md, with what it is granted there.
    const grants = readFileSync('OPERATIONS.md', 'utf8').match(/^GRANT .* TO snapledger_reader;$/gm) ?? [];
    context.postgres.sql(['CREATE ROLE snapledger_reader;', ...grants].join('\n'));
  }),
);
test.after(({ postgres }) => postgres.end());

for (const { title, rawSql } of queries)
  test(`dashboard: the query of "${title}" returns rows to the reading role`, ({ postgres }) => {
    assert.match(postgres.sql(`SET ROLE snapledger_reader;\n${asSent(rawSql)}`), /./);
  });

test('dashboard: has queries, all macros of which are known here', () => {
  assert.ok(queries.length > 6);
  assert.equal(
    queries.filter(({ rawSql }) => asSent(rawSql).includes('$')),
    [],
  );
});

test.run();
