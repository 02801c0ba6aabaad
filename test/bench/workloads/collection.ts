import { asTimes, type LoadRound, putLoad, withMore } from '../load/load.ts';
import { untilSteady } from '../rows/repeat.ts';
import { rowOf } from '../rows/row.ts';
import { startOurs, startPeer } from '../servers/servers.ts';
import type { Bench, Piece } from '../workload.ts';

const variants = { on: [], off: ['--no-retention'] } as const;
const pairs = 7;

interface Collected extends Pick<Piece, 'workload' | 'about'> {
  /** what is timed, as rows call it */
  readonly variant: string;
  readonly target?: number;
}

const collected = (what: Collected): Piece => ({
  ...{ workload: what.workload, about: what.about, part: '', minutes: 3 },
  against: "containerd's driver",
  measure: (bench) => measure(bench, what),
});

/** A garbage collection as containerd does it: List, Remove of 1,000 layers one by one, leaves first, and Cleanup. */
export const collection = collected({
  workload: 'collection',
  about: 'List, Remove of 1,000 layers one by one, Cleanup; retention on and off',
  variant: '1,000 layers',
  target: 1,
});

/** How long a client waits that prepares a snapshot every 10 ms meanwhile. */
export const beside = collected({
  workload: 'beside',
  about: 'Prepare every 10 ms beside a collection; retention on and off',
  variant: 'Prepare beside a collection, p50',
});

async function* measure(bench: Bench, { workload, variant, target }: Collected) {
  for (const [retention, flags] of Object.entries(variants)) {
    const placed = { driver: 'overlay', place: bench.sandbox.folder(`retention-${retention}`) } as const;
    const ours = await startOurs(bench, { ...placed, name: 'snapledger' }, flags);
    const peer = await startPeer(bench, { ...placed, asynchronous: true }, flags);
    const load = { workload, workers: 1, rounds: bench.pairs ?? pairs, seconds: 0 };
    let rounds: readonly (readonly LoadRound[])[] = [];
    yield* await untilSteady(bench, async () => {
      rounds = withMore(rounds, await putLoad(bench, [ours, peer], load));
      const [mine = [], theirs = []] = rounds;
      const row = rowOf({
        ...{ workload, unit: 'ms', target, variant: `${variant}, retention ${retention}` },
        ours: asTimes(ours.name, mine, workload),
        theirs: asTimes(peer.name, theirs, workload),
      });
      return [row];
    });
  }
}
