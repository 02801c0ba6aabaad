// Times of the questions to a fleet of 1,000 nodes with the rows that 30,000,000 events leave, in a real PostgreSQL with its default
// settings but for 1 GB of shared buffers; FLEET_URL names another one, which `--fill` fills. `--small` is a tenth of it, `--plans`
// prints each plan, `--drop` drops a month, `--stale` first uses 14,000 layers, as many rows as autovacuum leaves; a word asks only the questions that begin with it.

import { openSession, type Session } from '../../../src/adapters/fleet-database/postgres/connection/session.ts';
import { readPostgresUrl } from '../../../src/adapters/fleet-database/postgres/connection/url.ts';
import { openFleetDatabase } from '../../../src/adapters/fleet-database/postgres/fleet-database.ts';
import { type Ask, createSessions } from '../../../src/adapters/fleet-database/postgres/questions/ask.ts';
import {
  questionSettings,
  questionsOver,
} from '../../../src/adapters/fleet-database/postgres/questions/open-fleet-questions.ts';
import { startPostgres } from '../../support/postgres.ts';
import { everyQuestion } from './every-question.ts';
import { fillScale } from './fill-scale.ts';
import { wholeScale } from './scale-rows.ts';

const runs = 20;
const has = (option: string) => process.argv.includes(option);
const only = process.argv.slice(2).find((text) => !text.startsWith('--'));
const scale = has('--small') ? { ...wholeScale, nodes: wholeScale.nodes / 10 } : wholeScale;

const given = process.env.FLEET_URL;
const postgres =
  given === undefined ? await startPostgres({ settings: ['shared_buffers = 1GB', 'max_wal_size = 8GB'] }) : undefined;
const url = given ?? postgres?.url ?? '';
const open = () =>
  openSession(readPostgresUrl(url), { schema: 'snapledger', application: 'bench', settings: questionSettings });

if (given === undefined || has('--fill')) {
  const database = await openFleetDatabase({ url, signal: new AbortController().signal, waiting: () => {} });
  await fillScale({ url }, scale, (what, seconds) => console.log(`${seconds.toFixed(1).padStart(6)} s  ${what}`));
  await database.close();
}

const session = await open();
await printSizes(session);
if (has('--stale')) await useLayers(session);
await printTimes();
if (has('--drop')) await dropMonth(session);
await session.close();
await postgres?.end();

async function printSizes({ rows }: Session): Promise<void> {
  const tables = await rows(
    `SELECT regexp_replace(relname, '_20.._..$', '_MONTH'), count(*), sum(pg_relation_size(c.oid))::int8, sum(pg_indexes_size(c.oid))::int8,
       sum(reltuples)::int8
     FROM pg_class c WHERE relkind = 'r' AND relnamespace = 'snapledger'::regnamespace GROUP BY 1 ORDER BY 3 DESC`,
  );
  for (const [name, count, table, index, tuples] of tables)
    console.log(
      `${String(name).padEnd(24)} ${count} tables, ${tuples} rows, ${mib(table)} and ${mib(index)} of indexes`,
    );
}

function mib(bytes: unknown): string {
  return `${(Number(bytes) / 2 ** 20).toFixed(0)} MiB`;
}

async function printTimes(): Promise<void> {
  let explain = false;
  const sessions = createSessions(open, 4);
  const ask: Ask = async (text, values) => {
    if (explain)
      for (const [line] of await sessions.ask(`EXPLAIN (ANALYZE, BUFFERS) ${text}`, values)) console.log(`    ${line}`);
    return sessions.ask(text, values);
  };
  const asked = await everyQuestion({
    fleet: questionsOver(ask, sessions.close),
    now: () => BigInt(Date.now()) * 1_000_000n,
  });
  console.log(`${'question'.padEnd(40)}   rows  median ms  p99 ms`);
  for (const { what, run } of asked) {
    if (only !== undefined && !what.startsWith(only)) continue;
    explain = has('--plans');
    if (explain) console.log(what);
    const count = await run();
    explain = false;
    const times: number[] = [];
    for (let at = 0; at < runs; at++) {
      const began = performance.now();
      await run();
      times.push(performance.now() - began);
    }
    times.sort((a, b) => a - b);
    const [median = 0, p99 = 0] = [times[runs / 2], times[runs - 1]];
    console.log(
      `${what.padEnd(40)} ${String(count).padStart(6)} ${median.toFixed(1).padStart(10)} ${p99.toFixed(1).padStart(7)}`,
    );
  }
  await sessions.close();
}

/** An index says nothing about rows on pages that changed since the last vacuum. */
async function useLayers({ rows }: Session): Promise<void> {
  await rows('SET default_transaction_read_only = off');
  await rows(
    `UPDATE snapshot_current SET last_used = last_used + interval '1 us'
     WHERE (store, id) IN (SELECT store, id FROM snapshot_current WHERE kind = 'committed' ORDER BY random() LIMIT 14000)`,
  );
  await rows('SET default_transaction_read_only = on');
}

async function dropMonth({ rows }: Session): Promise<void> {
  await rows('SET default_transaction_read_only = off');
  const [[name] = []] = await rows(
    "SELECT relname FROM pg_class WHERE relname LIKE 'snapshot\\_removed\\_2%' AND relkind = 'r' ORDER BY relname LIMIT 1",
  );
  const began = performance.now();
  await rows(`DROP TABLE "${name}"`);
  console.log(`dropping ${name}: ${(performance.now() - began).toFixed(0)} ms`);
}
