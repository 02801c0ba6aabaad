import { openSession } from '../../../src/adapters/fleet-database/postgres/connection/session.ts';
import { readPostgresUrl } from '../../../src/adapters/fleet-database/postgres/connection/url.ts';
import { makePartitions, readMonths } from '../../../src/adapters/fleet-database/postgres/schema/partitions.ts';
import { snapshotRow } from '../../support/fleet/arbitrary-fleet.ts';
import { type Scale, scaleRows } from './scale-rows.ts';

/** Fills the tables of a fleet with rows of a size; the partitions are made as by an indexer. `url` is of their owner. */
export async function fillScale(
  { url }: { readonly url: string },
  scale: Scale,
  report: (what: string, seconds: number) => void = () => {},
): Promise<void> {
  const session = await openSession(readPostgresUrl(url), { schema: 'snapledger', application: 'scale' });
  try {
    await makePartitions(session, monthsBack(scale.months), await readMonths(session));
    for (const { what, sql } of [...scaleRows(scale), { what: 'statistics', sql: 'VACUUM ANALYZE' }]) {
      const began = performance.now();
      await session.rows(sql);
      report(what, (performance.now() - began) / 1000);
    }
  } finally {
    await session.close();
  }
}

/** A removed snapshot in each of the newest months. */
function monthsBack(count: number) {
  const now = new Date();
  return Array.from({ length: count }, (_, month) =>
    snapshotRow('', 0, {
      removed: BigInt(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - month, 15)) * 1_000_000n,
      fold: null,
    }),
  );
}
