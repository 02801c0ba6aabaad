import { asTimes, type LoadRound, putLoad, withMore } from './load.ts';
import { untilSteady } from './repeat.ts';
import { rowOf } from './row.ts';
import { startOurs, startPeer } from './servers.ts';
import type { Workload } from './workload.ts';

const counts = [0, 1_000, 10_000, 50_000];

/** How long Commit takes against the number of files in the layer, each layer unpacked a moment before. */
export const commitFiles: Workload = async function* (bench) {
  const placed = { driver: 'overlay', place: bench.sandbox.path } as const;
  const ours = await startOurs(bench, { ...placed, name: 'snapledger' });
  const peer = await startPeer(bench, placed);
  for (const files of counts) {
    // A round is one commit, of which each takes its own time.
    const load = { workload: 'commit', workers: 1, rounds: 2 * bench.rounds, seconds: 0, files };
    let rounds: readonly (readonly LoadRound[])[] = [];
    yield* await untilSteady(async () => {
      rounds = withMore(rounds, await putLoad(bench, [ours, peer], load));
      const [mine = [], theirs = []] = rounds;
      const row = rowOf({
        workload: 'commit',
        variant: `${files} files`,
        unit: 'ms',
        ours: asTimes(ours.name, mine, 'commit'),
        theirs: asTimes(peer.name, theirs, 'commit'),
        target: files === 50_000 ? 50 : undefined,
      });
      return [row];
    });
  }
};
