import { asTimes, type LoadRound, putLoad, withMore } from '../load/load.ts';
import { untilSteady } from '../rows/repeat.ts';
import { rowOf } from '../rows/row.ts';
import { placeOn, startOurs, startPeer } from '../servers/servers.ts';
import type { Piece } from '../workload.ts';

const counts = [0, 1_000, 10_000, 50_000];
const pairs = 10;

/** How long Commit takes against the number of files in the layer, each layer unpacked a moment before. */
export const commitFiles: Piece = {
  workload: 'commit',
  part: '',
  about: 'Commit of a layer of 0, 1,000, 10,000 and 50,000 files',
  against: "containerd's driver",
  minutes: 3,
  measure: async function* (bench) {
    const placed = { driver: 'overlay', place: placeOn(bench, 'root') } as const;
    const ours = await startOurs(bench, { ...placed, name: 'snapledger' });
    const peer = await startPeer(bench, placed);
    for (const files of counts) {
      // A round is one commit, of which each takes its own time.
      const load = { workload: 'commit', workers: 1, rounds: bench.pairs ?? pairs, seconds: 0, files };
      let rounds: readonly (readonly LoadRound[])[] = [];
      yield* await untilSteady(bench, async () => {
        rounds = withMore(rounds, await putLoad(bench, [ours, peer], load));
        const [mine = [], theirs = []] = rounds;
        const row = rowOf({
          workload: 'commit',
          variant: `${files.toLocaleString('en')} files`,
          unit: 'ms',
          ours: asTimes(ours.name, mine, 'commit'),
          theirs: asTimes(peer.name, theirs, 'commit'),
          target: files === 50_000 ? 50 : undefined,
        });
        return [row];
      });
    }
  },
};
