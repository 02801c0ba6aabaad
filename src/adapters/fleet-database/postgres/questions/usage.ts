import type { FleetQuestions, StoreFacts, StoreSize, UsageSum } from '../../../../ports/fleet-questions.ts';
import { toText, toTime } from '../connection/text.ts';
import type { Ask } from './ask.ts';
import { incidentColumns, storeColumns } from './columns.ts';

/** The newest row of each store and namespace, of the days before $1 if there is one: two steps of the index for each. */
const sizes = `
  WITH RECURSIVE place AS (
    (SELECT store, namespace FROM usage_daily ORDER BY store, md5(namespace) LIMIT 1)
    UNION ALL
    SELECT next.store, next.namespace FROM place p CROSS JOIN LATERAL (
      SELECT u.store, u.namespace FROM usage_daily u WHERE (u.store, md5(u.namespace)) > (p.store, md5(p.namespace))
      ORDER BY u.store, md5(u.namespace) LIMIT 1
    ) next
  ), size AS (
    SELECT u.* FROM place p CROSS JOIN LATERAL (
      SELECT u.store, u.namespace, u.day, u.snapshots, u.bytes FROM usage_daily u
      WHERE u.store = p.store AND md5(u.namespace) = md5(p.namespace) AND ($1::date IS NULL OR u.day < $1)
      ORDER BY u.day DESC LIMIT 1
    ) u
  )`;

/**
 * A day has a row for what changed on it. The changes of the levels from row to row are added up, so a namespace counts on days
 * without change too.
 */
const byDay = (by: 'store' | 'namespace') => `
  ${sizes}, level AS (
    SELECT store, namespace, day, snapshots, bytes, bytes_added, bytes_removed FROM usage_daily WHERE day >= $1
    UNION ALL
    SELECT store, namespace, '-infinity', snapshots, bytes, 0, 0 FROM size
  ), change AS (
    SELECT day, ${by} AS name, bytes_added, bytes_removed,
      snapshots - coalesce(lag(snapshots) OVER w, 0) AS snapshots,
      bytes - coalesce(lag(bytes) OVER w, 0) AS bytes,
      (snapshots > 0)::int - coalesce(lag((snapshots > 0)::int) OVER w, 0) AS stores
    FROM level WINDOW w AS (PARTITION BY store, namespace ORDER BY day)
  ), daily AS (
    SELECT day, name, sum(stores) AS stores, sum(snapshots) AS snapshots, sum(bytes) AS bytes,
      sum(bytes_added) AS added, sum(bytes_removed) AS removed
    FROM change GROUP BY day, name
  ), running AS (
    SELECT day, name, sum(stores) OVER w AS stores, sum(snapshots) OVER w AS snapshots, sum(bytes) OVER w AS bytes, added, removed
    FROM daily WINDOW w AS (PARTITION BY name ORDER BY day)
  )
  SELECT day, name, ${by === 'store' ? 'least(stores, 1)' : 'stores'}::int8, snapshots::int8, bytes::int8, added::int8, removed::int8
  FROM running WHERE day >= $1 ORDER BY day, name`;

const incidents = `
  SELECT ${incidentColumns.of('i')} FROM incident i
  WHERE ($1::timestamptz IS NULL OR i.time >= $1) AND ($2::timestamptz IS NULL OR i.time <= $2)
    AND ($3::text IS NULL OR i.kind = $3) AND ($4::text IS NULL OR i.store = $4)
  ORDER BY i.time DESC, i.store, i.position DESC LIMIT $5`;

type UsageQuestions = Pick<FleetQuestions, 'stores' | 'nodeNames' | 'written' | 'sizes' | 'usageByDay' | 'incidents'>;

/** All stores. */
export const readStoreFacts = async (ask: Ask): Promise<readonly StoreFacts[]> =>
  (await ask(`SELECT ${storeColumns.of('s')} FROM store s`)).map(storeColumns.read);

/** Questions for stores, incidents and sums. */
export const createUsageQuestions = (ask: Ask): UsageQuestions => ({
  stores: () => readStoreFacts(ask),
  nodeNames: async () => new Map((await ask('SELECT store, node FROM store')) as readonly [string, string][]),
  written: async () => ((await ask('SELECT written FROM progress'))[0]?.[0] ?? null) as bigint | null,
  sizes: async (before) =>
    (await ask(`${sizes} SELECT store, namespace, day, snapshots, bytes FROM size`, [before ?? null])).map(
      ([store, namespace, day, snapshots, bytes]) => ({ store, namespace, day, snapshots, bytes }) as StoreSize,
    ),
  usageByDay: async (by, since) => (await ask(byDay(by === 'node' ? 'store' : 'namespace'), [since])).map(sumOf),
  incidents: async ({ since, until, kind, store, lines }) => {
    const time = (one: bigint | undefined) => (one === undefined ? null : toTime(one, ''));
    const named = store === undefined ? null : toText(store);
    return (await ask(incidents, [time(since), time(until), kind ?? null, named, lines])).map(incidentColumns.read);
  },
});

const sumOf = ([day, by, stores, snapshots, bytes, bytesAdded, bytesRemoved]: readonly unknown[]) =>
  ({ day, by, stores, snapshots, bytes, bytesAdded, bytesRemoved }) as UsageSum;
