import { run } from '../support/run.ts';
import type { Competitor, Ours } from './competitors.ts';
import type { Node } from './images.ts';
import { processorTime } from './machine.ts';
import { untilSteady } from './repeat.ts';
import { type Rounds, type Row, rowOf } from './row.ts';

/** What one command took, in milliseconds. */
export interface Turn {
  readonly time: number;
  /** of the snapshotter's daemon, until all is written */
  readonly processor: number;
}

interface Measured {
  readonly workload: string;
  readonly variant: string;
  readonly rounds: number;
  /** that one command unpacks: processor time is given for each */
  readonly layers: number;
  /** by durability, or `syncfs`: times as fast as the rival */
  readonly targets: Readonly<Record<string, number>>;
  readonly turn: (competitor: Competitor) => Promise<Turn>;
}

/** Rounds through all snapshotters, repeated while a row is noisy. Each of ours gets a row for each of its rivals. */
export function rowsOf(ours: readonly Ours[], what: Measured): Promise<readonly Row[]> {
  const competitors = [...new Set(ours.flatMap(({ rivals }) => rivals)), ...ours];
  const turns = new Map<Competitor, Turn[]>(competitors.map((competitor) => [competitor, []]));
  const roundsOf = (competitor: Competitor): Rounds => {
    const all = turns.get(competitor) ?? [];
    const processor = all.reduce((sum, turn) => sum + turn.processor, 0) / all.length / what.layers;
    return {
      name: competitor.name,
      values: all.map(({ time }) => time),
      processor: competitor.daemon === undefined ? undefined : processor,
    };
  };
  return untilSteady(async () => {
    for (let round = 0; round <= what.rounds; round++)
      for (const competitor of orderOf(round, competitors)) {
        const turn = await what.turn(competitor);
        if (round > 0) turns.get(competitor)?.push(turn);
      }
    return ours.flatMap((mine) =>
      mine.rivals.map((rival) =>
        rowOf({
          workload: what.workload,
          variant: `${what.variant}, durability "${mine.durability}"`,
          unit: 'ms',
          ours: roundsOf(mine),
          theirs: roundsOf(rival),
          target: what.targets[rival.syncfs ? 'syncfs' : mine.durability],
        }),
      ),
    );
  });
}

/** The first one changes from round to round, and every second round is in reverse. Round 0 warms up. */
function orderOf(round: number, competitors: readonly Competitor[]): readonly Competitor[] {
  const first = round % competitors.length;
  const turned = [...competitors.slice(first), ...competitors.slice(0, first)];
  return round % 2 === 0 ? turned : turned.reverse();
}

/** Runs a command on a disk that has nothing else to write. */
export async function timed(
  node: Node,
  { daemon, syncfs }: Competitor,
  command: () => Promise<unknown>,
): Promise<Turn> {
  const used = () => (daemon === undefined ? 0 : processorTime(daemon.pid));
  await settle();
  const before = used();
  const began = performance.now();
  await command();
  if (syncfs) await node.flush();
  const time = performance.now() - began;
  await settle();
  return { time, processor: used() - before };
}

const settle = () => run('sync', []);
