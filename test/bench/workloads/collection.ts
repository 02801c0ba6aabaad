import { asTimes, type LoadRound, putLoad, withMore } from '../load/load.ts';
import { untilSteady } from '../rows/repeat.ts';
import { rowOf } from '../rows/row.ts';
import { startOurs, startPeer } from '../servers/servers.ts';
import type { Piece } from '../workload.ts';

const variants = { on: [], off: ['--no-retention'] } as const;
const pairs = 7;

/** A garbage collection as containerd does it: List, Remove of 1,000 layers one by one, leaves first, and Cleanup. */
export const collection: Piece = {
  workload: 'collection',
  part: '',
  about: 'List, Remove of 1,000 layers one by one, Cleanup; retention on and off',
  against: "containerd's driver",
  minutes: 3,
  measure: async function* (bench) {
    for (const [retention, flags] of Object.entries(variants)) {
      const placed = { driver: 'overlay', place: bench.sandbox.folder(`retention-${retention}`) } as const;
      const ours = await startOurs(bench, { ...placed, name: 'snapledger' }, flags);
      const peer = await startPeer(bench, { ...placed, asynchronous: true }, flags);
      const load = { workload: 'collection', workers: 1, rounds: bench.pairs ?? pairs, seconds: 0 };
      let rounds: readonly (readonly LoadRound[])[] = [];
      yield* await untilSteady(bench, async () => {
        rounds = withMore(rounds, await putLoad(bench, [ours, peer], load));
        const [mine = [], theirs = []] = rounds;
        const row = rowOf({
          workload: 'collection',
          variant: `1,000 layers, retention ${retention}`,
          unit: 'ms',
          ours: asTimes(ours.name, mine, 'collection'),
          theirs: asTimes(peer.name, theirs, 'collection'),
          target: 1,
        });
        return [row];
      });
    }
  },
};
