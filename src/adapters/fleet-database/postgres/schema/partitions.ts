import type { FleetSnapshot } from '../../../../ports/fleet-database.ts';
import type { Session } from '../connection/session.ts';
import { toTime } from '../connection/text.ts';

const prefix = 'snapshot_removed_';

/** The months that have partitions, as `2026_11`, and those that may get one. */
export interface Months {
  readonly present: Set<string>;
  /** first month that may have one: clocks of nodes that are off by years go to `snapshot_removed_other` */
  readonly earliest: string;
  /** next month by the database's clock */
  latest: string;
}

const earliest = '2026_01';

export async function readMonths(session: Session): Promise<Months> {
  const rows = await session.rows(
    `SELECT relname::text, (SELECT to_char(now() + interval '1 month', 'YYYY_MM'))
     FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = 'snapshot'::regclass`,
  );
  const names = rows.map(([name]) => String(name));
  return {
    present: new Set(
      names.filter((name) => /^snapshot_removed_\d{4}_\d\d$/.test(name)).map((name) => name.slice(prefix.length)),
    ),
    earliest,
    latest: String(rows[0]?.[1]),
  };
}

/** Makes the partitions that rows need. Each in a transaction of its own, since it locks the table for a moment. */
export async function makePartitions(
  session: Session,
  snapshots: readonly FleetSnapshot[],
  months: Months,
): Promise<void> {
  const wanted = new Set<string>();
  for (const { removed, fold } of snapshots) {
    if (removed === null || fold !== null) continue;
    const month = toTime(removed, '').slice(0, 7).replace('-', '_');
    if (!months.present.has(month) && month >= months.earliest) wanted.add(month);
  }
  if (wanted.size === 0) return;
  if ([...wanted].some((month) => month > months.latest))
    Object.assign(months, { latest: (await readMonths(session)).latest });
  for (const month of [...wanted].sort())
    if (month <= months.latest) {
      await session.transaction(() => makePartition(session, month));
      months.present.add(month);
    }
}

/** Makes the partition of a month, as `2026_11`, in the transaction under way. Rows of that month are in the default partition if it was beyond the latest month when they came. */
export async function makePartition(session: Session, month: string): Promise<void> {
  const name = `${prefix}${month}`;
  const [from, to] = rangeOf(month);
  const range = (column: string) => `${column} >= '${from}' AND ${column} < '${to}'`;
  await session.rows(
    `CREATE TABLE ${name} (LIKE snapshot INCLUDING DEFAULTS, CHECK (${range('removed')}), CHECK (${range('partition_key')}))`,
  );
  await session.rows(
    `WITH moved AS (DELETE FROM ${prefix}other WHERE ${range('partition_key')} RETURNING *) INSERT INTO ${name} SELECT * FROM moved`,
  );
  await session.rows(`CREATE INDEX ON ${name} (store)`);
  await session.rows(`ALTER TABLE snapshot ATTACH PARTITION ${name} FOR VALUES FROM ('${from}') TO ('${to}')`);
}

/**
 * Drops the partitions of months that ended before a time, and such rows of the default partition. Returns the months. Waits at most
 * five seconds for readers: then a Fault (`busy`).
 */
export async function dropMonthsBefore(session: Session, time: bigint, months: Months): Promise<readonly string[]> {
  const limit = toTime(time, '');
  const old = [...months.present].filter((month) => BigInt(Date.parse(rangeOf(month)[1])) * 1_000_000n <= time).sort();
  for (const month of old) {
    await session.transaction(async () => {
      await session.rows("SET LOCAL lock_timeout = '5s'");
      await session.rows(`DROP TABLE ${prefix}${month}`);
    });
    months.present.delete(month);
  }
  await session.transaction(() => session.run(`DELETE FROM ${prefix}other WHERE partition_key < $1`, [limit]));
  return old;
}

/** First moment of a month, and of the next one. */
function rangeOf(month: string): readonly [string, string] {
  const [year = 0, number = 0] = month.split('_').map(Number);
  const start = (index: number) => new Date(Date.UTC(year, index, 1)).toISOString();
  return [start(number - 1), start(number)];
}
