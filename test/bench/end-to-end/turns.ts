import { run } from '../../support/run.ts';
import { processorTime } from '../machine.ts';
import { balancedOrder } from '../rows/order.ts';
import { untilSteady } from '../rows/repeat.ts';
import { type Rounds, type Row, rowOf } from '../rows/row.ts';
import type { Bench } from '../workload.ts';
import type { Competitor, Ours } from './competitors.ts';

/** What one action took, in milliseconds. */
export interface Turn {
  readonly time: number;
  /** of the snapshotter's daemon, until all is written */
  readonly processor: number;
}

interface Measured {
  readonly workload: string;
  readonly variant: string;
  /** that one action unpacks: processor time is given for each */
  readonly layers: number;
  /** by durability; `flushing`: against the builtin that flushes each layer */
  readonly targets: Readonly<Record<string, number>>;
  readonly turn: (competitor: Competitor) => Promise<Turn>;
}

/** A turn takes seconds and depends on the disk. */
const pairs = 15;

/** Rounds through all snapshotters, repeated while a row is noisy. Each of ours gets a row for each of its rivals. */
export function rowsOf(bench: Bench, ours: readonly Ours[], what: Measured): Promise<readonly Row[]> {
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
  return untilSteady(bench, async () => {
    // Round 0 warms up.
    for (let round = 0; round <= (bench.pairs ?? pairs); round++)
      for (const competitor of balancedOrder(round, competitors)) {
        const turn = await what.turn(competitor);
        if (round > 0) turns.get(competitor)?.push(turn);
      }
    return ours.flatMap((mine) =>
      mine.rivals.map((rival) =>
        rowOf({
          workload: what.workload,
          variant: `${what.variant}, "${mine.durability}"`,
          unit: 'ms',
          ours: roundsOf(mine),
          theirs: roundsOf(rival),
          target: targetOf(what, mine, rival),
        }),
      ),
    );
  });
}

/** Ours has no target against another daemon. */
function targetOf({ targets }: Measured, { durability }: Ours, { flushing, daemon }: Competitor): number | undefined {
  if (daemon !== undefined) return undefined;
  return targets[flushing ? 'flushing' : durability];
}

/** Runs an action, which resolves with its milliseconds, on a disk that has nothing else to write. */
export async function timed({ daemon }: Competitor, action: () => Promise<number>): Promise<Turn> {
  const used = () => (daemon === undefined ? 0 : processorTime(daemon.pid));
  await settle();
  const before = used();
  const time = await action();
  await settle();
  return { time, processor: used() - before };
}

/** The milliseconds of a command. */
export async function duration(command: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await command();
  return performance.now() - began;
}

const settle = () => run('sync', []);
