import { run } from '../../support/run.ts';
import type { Latency, Rounds } from '../rows/row.ts';
import { spreadOf } from '../rows/statistics.ts';
import type { Bench } from '../workload.ts';

/** A server that a load is put on. */
export interface Target {
  readonly name: string;
  readonly socket: string;
  readonly pid: number;
}

export interface Load {
  readonly workload: string;
  readonly workers: number;
  readonly rounds: number;
  readonly seconds: number;
  /** in the layer of the workload `commit` */
  readonly files?: number;
}

/** What one target did in one round, as the load program prints it. */
export interface LoadRound {
  /** which of the targets, from 0 */
  readonly server: number;
  readonly operations: number;
  readonly seconds: number;
  readonly latencies: Readonly<Record<string, Latency>>;
  /** milliseconds of processor time of the server, until its next round */
  readonly processor: number;
}

/** Puts a load on targets in turn, and gives the rounds of each. */
export async function putLoad(
  { tools }: Pick<Bench, 'tools'>,
  targets: readonly Target[],
  { workload, workers, rounds, seconds, files = 0 }: Load,
): Promise<readonly (readonly LoadRound[])[]> {
  const flags = { workload, workers, rounds, seconds, files, sockets: targets.map(({ socket }) => socket).join(',') };
  const words = Object.entries(flags).map(([name, value]) => `-${name}=${value}`);
  const { stdout } = await run(tools.load, words, { limit: 600_000 });
  const all = stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as LoadRound]));
  return targets.map((_, index) => all.filter(({ server }) => server === index));
}

/** Operations a second in each round; the latencies are the medians of the rounds'. */
export function asThroughput(name: string, rounds: readonly LoadRound[]): Rounds {
  const kinds = new Set(rounds.flatMap(({ latencies }) => Object.keys(latencies)));
  const middle = (kind: string, part: keyof Latency) =>
    spreadOf(rounds.flatMap(({ latencies }) => latencies[kind]?.[part] ?? [])).median;
  const latencies = [...kinds].map((kind) => [kind, { p50: middle(kind, 'p50'), p99: middle(kind, 'p99') }]);
  return {
    name,
    values: rounds.map(({ operations, seconds }) => operations / seconds),
    latencies: Object.fromEntries(latencies),
    processor: sum(rounds, 'processor') / sum(rounds, 'operations'),
  };
}

/** How long an operation took in each round, in milliseconds. The latencies are those of the operations in it. */
export function asTimes(name: string, rounds: readonly LoadRound[], kind: string): Rounds {
  const { latencies = {} } = asThroughput(name, rounds);
  return { name, values: rounds.flatMap((round) => round.latencies[kind]?.p50 ?? []), latencies };
}

const sum = (rounds: readonly LoadRound[], field: 'processor' | 'operations') =>
  rounds.reduce((total, round) => total + round[field], 0);

/** Adds the rounds of another load on the same targets. */
export const withMore = (
  rounds: readonly (readonly LoadRound[])[],
  more: readonly (readonly LoadRound[])[],
): readonly (readonly LoadRound[])[] => more.map((some, index) => [...(rounds[index] ?? []), ...some]);
