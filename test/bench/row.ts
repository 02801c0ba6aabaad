import { ratiosOf, type Spread, spreadOf } from './statistics.ts';

/** How long one kind of operation took, in milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** One competitor's figures in a row. */
export interface Figures {
  readonly name: string;
  readonly value: Spread;
  /** by kind of operation; empty if the value itself is a time */
  readonly latencies: Readonly<Record<string, Latency>>;
}

/** One measurement: ours beside one other, in the same rounds. */
export interface Row {
  /** what sorts and replaces rows: `lifecycle overlay 8` */
  readonly id: string;
  readonly workload: string;
  /** what was varied: driver, workers, files */
  readonly variant: string;
  readonly unit: 'operations/s' | 'ms' | 'us' | 'MiB';
  readonly ours: Figures;
  readonly theirs?: Figures;
  /** How many times better ours is, by pairs of rounds: more operations in the same time, or less time. */
  readonly ratio?: Spread;
  /** what the project set out to reach */
  readonly target?: number;
}

/** One competitor's rounds. */
export interface Rounds {
  readonly name: string;
  readonly values: readonly number[];
  readonly latencies?: Readonly<Record<string, Latency>>;
}

interface Measured extends Pick<Row, 'workload' | 'variant' | 'unit'> {
  readonly ours: Rounds;
  readonly theirs?: Rounds;
  readonly target?: number | undefined;
}

export function rowOf({ workload, variant, unit, ours, theirs, target }: Measured): Row {
  const better = (mine: Rounds, other: Rounds) =>
    unit === 'operations/s' ? ratiosOf(mine.values, other.values) : ratiosOf(other.values, mine.values);
  return {
    id: theirs === undefined ? `${workload} ${variant}` : `${workload} ${variant} against ${theirs.name}`,
    workload,
    variant,
    unit,
    ours: figuresOf(ours),
    ...(theirs === undefined ? {} : { theirs: figuresOf(theirs), ratio: better(ours, theirs) }),
    ...(target === undefined ? {} : { target }),
  };
}

const figuresOf = ({ name, values, latencies = {} }: Rounds): Figures => ({
  name,
  value: spreadOf(values),
  latencies,
});
