import { asThroughput, type LoadRound, putLoad, type Target, withMore } from '../load/load.ts';
import { untilSteady } from '../rows/repeat.ts';
import { type Row, rowOf } from '../rows/row.ts';
import { describePlace, type FileSystem, placeOn, startBare, startOurs, startPeer } from '../servers/servers.ts';
import type { Bench, Piece } from '../workload.ts';

interface Calls {
  readonly workload: string;
  readonly about: string;
  /** a piece for each; `btrfs` is driver btrfs, the others are driver overlay */
  readonly on: readonly FileSystem[];
  /** concurrent clients; by default 1, 8 and 32 */
  readonly workers?: readonly number[];
  /** what to reach against containerd's driver, by driver and workers */
  readonly targets?: Readonly<Record<string, number>>;
  /** driver overlay is also measured beside a bare HTTP/2 server; the part of its speed that 32 workers should reach */
  readonly bare?: number;
}

const pairs = 9;

/** Calls of the API, ours and containerd's driver in turn: a row for each number of workers. */
export const calls = (what: Calls): readonly Piece[] =>
  what.on.map((on) => ({
    workload: what.workload,
    part: what.on.length === 1 ? '' : on,
    about: `${what.about}: driver ${driverOn(on)}${what.on.length > 2 ? ` on ${describePlace(on)}` : ''}`,
    against: `containerd's driver${what.bare === undefined || on === 'btrfs' ? '' : ', and a bare node:http2 server'}`,
    minutes: (what.workers ?? defaultWorkers).length * (what.bare === undefined ? 0.75 : 1.1),
    measure: (bench) => measureOn(bench, what, on),
  }));

const defaultWorkers: readonly number[] = [1, 8, 32];
const driverOn = (on: FileSystem) => (on === 'btrfs' ? 'btrfs' : 'overlay');

async function* measureOn(bench: Bench, what: Calls, on: FileSystem): AsyncGenerator<Row> {
  const servers = await startServers(bench, what, on);
  for (const workers of bench.workers ?? what.workers ?? defaultWorkers) {
    const load = { workload: what.workload, rounds: bench.pairs ?? pairs, seconds: bench.seconds, workers };
    let rounds: readonly (readonly LoadRound[])[] = [];
    yield* await untilSteady(bench, async () => {
      rounds = withMore(rounds, await putLoad(bench, servers, load));
      return rowsOf(what, { on, workers, servers, rounds });
    });
  }
}

async function startServers(bench: Bench, { bare }: Calls, on: FileSystem): Promise<readonly Target[]> {
  const placed = { driver: driverOn(on), place: placeOn(bench, on) } as const;
  const ours = await startOurs(bench, { ...placed, name: 'snapledger' });
  const peer = await startPeer(bench, placed);
  const withBare = bare !== undefined && on !== 'btrfs' && bench.baseline === undefined;
  return withBare ? [ours, peer, await startBare(bench, ours)] : [ours, peer];
}

interface Measured {
  readonly on: FileSystem;
  readonly workers: number;
  readonly servers: readonly Target[];
  readonly rounds: readonly (readonly LoadRound[])[];
}

function rowsOf({ workload, on: all, targets = {}, bare }: Calls, measured: Measured): readonly Row[] {
  const { on, workers, servers, rounds } = measured;
  const [ours, ...others] = servers.map(({ name }, index) => asThroughput(name, rounds[index] ?? []));
  if (ours === undefined) return [];
  const driver = driverOn(on);
  const place = all.length > 2 && on !== 'btrfs' ? ` on ${describePlace(on)}` : '';
  return others.map((theirs) => {
    const target = theirs.name === 'containerd' ? targets[`${driver} ${workers}`] : workers === 32 ? bare : undefined;
    const variant = `${driver}${place}, ${workers === 1 ? '1 worker' : `${workers} workers`}`;
    return rowOf({ workload, variant, unit: 'operations/s', ours, theirs, target });
  });
}
