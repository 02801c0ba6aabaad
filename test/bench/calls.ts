import { asThroughput, type LoadRound, putLoad, type Target, withMore } from './load.ts';
import { untilSteady } from './repeat.ts';
import { type Row, rowOf } from './row.ts';
import { type FileSystem, placeOn, startBare, startOurs, startPeer } from './servers.ts';
import type { Bench, DriverName, Workload } from './workload.ts';

interface Calls {
  readonly workload: string;
  /** overlay on file systems of its own as well, with a journal, as most nodes have it, whatever this machine's root is on */
  readonly journalled?: readonly FileSystem[];
  /** what to reach against containerd's driver, by driver and workers */
  readonly targets?: Readonly<Record<string, number>>;
  /** measured beside a bare HTTP/2 server too, and the part of its speed that 32 workers should reach */
  readonly bare?: number;
}

/** Calls of the API, ours and containerd's driver in turn: for each driver and each number of workers a row. */
export function calls(what: Calls): Workload {
  return async function* (bench) {
    for (const ground of bench.drivers.flatMap((driver) => groundsOf(driver, what))) {
      const withBare = what.bare !== undefined && ground.driver === 'overlay' && bench.baseline === undefined;
      const servers = await startServers(bench, ground, withBare);
      for (const workers of bench.workers) {
        const load = { workload: what.workload, rounds: bench.rounds, seconds: bench.seconds, workers };
        let rounds: readonly (readonly LoadRound[])[] = [];
        yield* await untilSteady(async () => {
          rounds = withMore(rounds, await putLoad(bench, servers, load));
          return rowsOf(what, { ...ground, workers, servers, rounds });
        });
      }
    }
  };
}

/** A driver, and the file system that it is put on. */
interface Ground {
  readonly driver: DriverName;
  readonly on: FileSystem;
}

const groundsOf = (driver: DriverName, { journalled = [] }: Calls): readonly Ground[] => {
  if (driver === 'btrfs') return [{ driver, on: 'btrfs' }];
  return ['directory' as const, ...journalled].map((on) => ({ driver, on }));
};

async function startServers(bench: Bench, { driver, on }: Ground, withBare: boolean): Promise<readonly Target[]> {
  const place = placeOn(bench, on);
  const ours = await startOurs(bench, { driver, place, name: 'snapledger' });
  const peer = await startPeer(bench, { driver, place });
  return withBare ? [ours, peer, await startBare(bench, ours)] : [ours, peer];
}

interface Measured extends Ground {
  readonly workers: number;
  readonly servers: readonly Target[];
  readonly rounds: readonly (readonly LoadRound[])[];
}

function rowsOf({ workload, targets = {}, bare }: Calls, measured: Measured): readonly Row[] {
  const { driver, on, workers, servers, rounds } = measured;
  const [ours, ...others] = servers.map(({ name }, index) => asThroughput(name, rounds[index] ?? []));
  if (ours === undefined) return [];
  return others.map((theirs) => {
    const target = theirs.name === 'containerd' ? targets[`${driver} ${workers}`] : workers === 32 ? bare : undefined;
    const variant = `${driver}${on === 'directory' || on === driver ? '' : ` on ${on}`}, ${workers === 1 ? '1 worker' : `${workers} workers`}`;
    return rowOf({ workload, variant, unit: 'operations/s', ours, theirs, target });
  });
}
