import { asThroughput, type LoadRound, putLoad, type Target } from './load.ts';
import { type Row, rowOf } from './row.ts';
import { placeFor, startBare, startOurs, startPeer } from './servers.ts';
import type { Bench, DriverName, Workload } from './workload.ts';

interface Calls {
  readonly workload: string;
  /** what to reach against containerd's driver, by driver and workers */
  readonly targets?: Readonly<Record<string, number>>;
  /** measured beside a bare HTTP/2 server too, and what part of its speed is to be reached by 32 workers */
  readonly bare?: number;
}

/** Calls of the API, ours and containerd's driver in turn: for each driver and each number of workers a row. */
export function calls(what: Calls): Workload {
  return async function* (bench) {
    for (const driver of bench.drivers) {
      const servers = await startServers(bench, driver, what.bare !== undefined && driver === 'overlay');
      for (const workers of bench.workers) {
        const load = { workload: what.workload, rounds: bench.rounds, seconds: bench.seconds, workers };
        const rounds = await putLoad(bench, servers, load);
        yield* rowsOf(what, { driver, workers, servers, rounds });
      }
    }
  };
}

async function startServers(bench: Bench, driver: DriverName, withBare: boolean): Promise<readonly Target[]> {
  const place = placeFor(bench, driver);
  const ours = await startOurs(bench, { driver, place, name: 'snapledger' });
  const peer = await startPeer(bench, { driver, place, name: 'containerd' });
  return withBare ? [ours, peer, await startBare(bench, ours)] : [ours, peer];
}

interface Measured {
  readonly driver: DriverName;
  readonly workers: number;
  readonly servers: readonly Target[];
  readonly rounds: readonly (readonly LoadRound[])[];
}

function* rowsOf({ workload, targets = {}, bare }: Calls, measured: Measured): Generator<Row> {
  const { driver, workers, servers, rounds } = measured;
  const [ours, ...others] = servers.map(({ name }, index) => asThroughput(name, rounds[index] ?? []));
  if (ours === undefined) return;
  for (const theirs of others) {
    const target = theirs.name === 'containerd' ? targets[`${driver} ${workers}`] : workers === 32 ? bare : undefined;
    const variant = `${driver}, ${workers === 1 ? '1 worker' : `${workers} workers`}`;
    yield rowOf({ workload, variant, unit: 'operations/s', ours, theirs, target });
  }
}
