import { existsSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '../../../src/adapters/event-log/kurrentdb/connect.ts';
import { genesisHash, linked } from '../../../src/adapters/event-log/kurrentdb/wire.ts';
import { stampEvents } from '../../../src/app/store/journal.ts';
import { startDaemon } from '../../support/daemon.ts';
import { freePort } from '../../support/free-port.ts';
import { loopbackUrl } from '../../support/kurrent/loopback-url.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';
import { memoryOf, processorTime } from '../machine.ts';
import { median, percentile } from '../rows/statistics.ts';
import { storeOf } from './play-fleet.ts';
import { appendToCluster, writePrepared } from './write-fleet.ts';

/**
 * How fast `fleet index` writes the history of a fleet into PostgreSQL, and how soon it has a live event:
 * `node build/test/bench/fleet/index-rate.js [NODES] [SNAPSHOTS] [EVENTS]`, SNAPSHOTS and EVENTS of each node. Cluster, indexer and
 * database are processes of their own. KURRENTDB_URL names an empty cluster to use instead of the stand-in, FLEET_FILE keeps
 * the events for the next run, INDEX_FLAGS are flags of node, such as --cpu-prof.
 */
const [nodes = 1000, snapshots = 300, events = 2000] = process.argv.slice(2).map(Number);
const fleet = { seed: 1, nodes, snapshots, events, end: BigInt(Date.UTC(2026, 10, 28)) * 1_000_000n };
const total = nodes * events;
const sandbox = createSandbox('bench-fleet');

interface Cluster {
  readonly url: string;
  /** of the stand-in */
  readonly pid: number | undefined;
}

async function fillCluster(): Promise<Cluster> {
  const { KURRENTDB_URL: url } = process.env;
  if (url !== undefined) {
    await appendToCluster(url, fleet);
    return { url, pid: undefined };
  }
  const prepared = process.env.FLEET_FILE ?? join(sandbox.path, 'fleet');
  const began = performance.now();
  if (!existsSync(prepared)) {
    writePrepared(`${prepared}.new`, fleet);
    renameSync(`${prepared}.new`, prepared);
    say({ written: total, seconds: secondsSince(began) });
  }
  const port = await freePort();
  const program = join(import.meta.dirname, '../../support/kurrent/process.js');
  const command = [process.execPath, program, String(port), join(sandbox.path, 'streams'), prepared] as const;
  const { pid } = await startDaemon({ command, address: port, log: join(sandbox.path, 'cluster.log'), sandbox });
  return { url: loopbackUrl(port), pid };
}

/** As the unit file starts it. */
function unitEnvironment(): Readonly<Record<string, string>> {
  const unit = readFileSync(
    join(import.meta.dirname, '../../../../src/operations/fleet/snapledger-fleet.service'),
    'utf8',
  );
  const lines = [...unit.matchAll(/^Environment=(\w+)=(.*)$/gm)];
  return Object.fromEntries(lines.map(([, name = '', value = '']) => [name, value]));
}

async function startIndex(cluster: Cluster, postgres: Postgres) {
  const port = await freePort();
  const flags = (process.env.INDEX_FLAGS ?? '').split(' ').filter((flag) => flag !== '');
  const index = ['fleet', 'index', '--from', cluster.url, '--into', postgres.url, '--listen', `127.0.0.1:${port}`];
  const command = [process.execPath, ...flags, daemonFile, ...index] as const;
  const log = join(sandbox.path, 'index.log');
  const { pid } = await startDaemon({ command, address: port, log, sandbox, env: unitEnvironment() });
  // On a full machine connections are reset now and then, and a kept one may be closed when it is used.
  const metrics = async (attempts = 10): Promise<string> => {
    try {
      return await (await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { connection: 'close' } })).text();
    } catch (error) {
      if (attempts === 0) throw error;
      await pause(100);
      return metrics(attempts - 1);
    }
  };
  const metric = async (name: string) =>
    Number(new RegExp(`^${name}(?:{.*})? (\\S+)$`, 'm').exec(await metrics())?.[1]);
  return { pid, metric };
}

/** Processor time of the server and of the backends that are alive, milliseconds. */
function timeOf(postgres: Postgres): number {
  const children = readFileSync(`/proc/${postgres.pid}/task/${postgres.pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean);
  return [postgres.pid, ...children.map(Number)].reduce((sum, pid) => sum + processorTime(pid), 0);
}

async function indexAll(cluster: Cluster, postgres: Postgres, index: Awaited<ReturnType<typeof startIndex>>) {
  const began = performance.now();
  let [first, marks] = [0, 0];
  const memory: number[] = [];
  // An answer has six figures of each of the nodes: 20 ms of processor time.
  for (let done = 0; done < total; await pause(done < 0.98 * total ? 1_000 : 100)) {
    done = await index.metric('snapledger_fleet_events_total');
    if (done > 0 && first === 0) first = performance.now();
    if (done < (marks * total) / 10) continue;
    marks += 1;
    memory.push(memoryOf(index.pid).resident);
    say({ events: done, seconds: secondsSince(began), resident: memory.at(-1) });
  }
  const seconds = (performance.now() - began) / 1000;
  const per = (milliseconds: number) => Number(((milliseconds * 1000) / total).toFixed(1));
  say({
    nodes,
    events: total,
    seconds: Number(seconds.toFixed(1)),
    eventsPerSecond: Math.round(total / seconds),
    microsecondsPerEvent: {
      index: per(processorTime(index.pid)),
      postgres: per(timeOf(postgres)),
      cluster: cluster.pid === undefined ? undefined : per(processorTime(cluster.pid)),
    },
    memory: { resident: memory, peak: memoryOf(index.pid).peak },
    database: postgres.sql("SELECT pg_size_pretty(pg_database_size('postgres'))"),
    tables: postgres.sql(
      "SELECT string_agg(relname || ' ' || pg_size_pretty(pg_total_relation_size(oid)), ', ' ORDER BY pg_total_relation_size(oid) DESC) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'snapledger'::regnamespace AND pg_total_relation_size(oid) > 1000000",
    ),
    rows: postgres.sql('SELECT count(*) FROM snapledger.snapshot'),
  });
}

/** Milliseconds from the cluster's acknowledgement of an event to its row in the database, by new stores one after the other. */
async function measureLag(cluster: Cluster, postgres: Postgres): Promise<void> {
  const connection = await connect(cluster.url);
  const lags: number[] = [];
  const { Client } = (await import('pg')).default;
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  for (let n = 0; n < 100; n++) {
    const store = storeOf(fleet.seed, nodes + n);
    const created = { type: 'StoreCreated', data: { store, driver: 'overlay', version: '0' } } as const;
    const clock = () => BigInt(Date.now()) * 1_000_000n;
    const links = linked(stampEvents([created], { store, after: 0, clock, actor: {} }), genesisHash(store));
    await connection.append(
      `snapledger-${store}`,
      links.map(({ proposal }) => proposal),
      null,
    );
    const began = performance.now();
    while ((await client.query('SELECT FROM snapledger.store WHERE store = $1', [store])).rowCount === 0)
      await pause(1);
    lags.push(performance.now() - began);
    await pause(30);
  }
  await client.end();
  await connection.close();
  say({ lag: { p50: Math.round(median(lags)), p99: Math.round(percentile(lags, 0.99)) } });
}

const secondsSince = (began: number) => Number(((performance.now() - began) / 1000).toFixed(1));
const say = (figures: object) => console.log(JSON.stringify(figures));

closeSandboxesOnSignal();
try {
  const cluster = await fillCluster();
  const postgres = await startPostgres({ settings: ['fsync = on', 'shared_buffers = 256MB'] });
  sandbox.atEnd(postgres.end);
  const index = await startIndex(cluster, postgres);
  await indexAll(cluster, postgres, index);
  await measureLag(cluster, postgres);
} finally {
  await sandbox.close();
}
