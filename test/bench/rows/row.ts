import { type Interval, medianInterval, ratiosOf, type Spread, spreadOf } from './statistics.ts';

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
  /** processor time of the daemon for one operation or one layer, in milliseconds */
  readonly processor?: number;
}

/** When, with which revision and on which machine a row was measured. */
export interface Origin {
  /** year, month, day */
  readonly date: string;
  readonly revision: string;
  readonly machine: string;
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
  /** of the median of that ratio */
  readonly interval?: Interval;
  /** The interval is too wide, or rests on too few pairs, to say whether a target is reached. */
  readonly noisy?: boolean;
  /** what the project set out to reach, as a ratio */
  readonly target?: number;
  readonly measured?: Origin;
}

/** One competitor's rounds. */
export interface Rounds {
  readonly name: string;
  readonly values: readonly number[];
  readonly latencies?: Readonly<Record<string, Latency>>;
  readonly processor?: number | undefined;
}

/** The widest interval that says something, as a part of the median, and the fewest pairs. */
export const maxWidth = 0.25;
export const minPairs = 5;

interface Measured extends Pick<Row, 'workload' | 'variant' | 'unit'> {
  readonly ours: Rounds;
  readonly theirs?: Rounds;
  readonly target?: number | undefined;
}

export function rowOf({ workload, variant, unit, ours, theirs, target }: Measured): Row {
  return {
    id: theirs === undefined ? `${workload} ${variant}` : `${workload} ${variant} against ${theirs.name}`,
    workload,
    variant,
    unit,
    ours: figuresOf(ours),
    ...(theirs === undefined ? {} : { theirs: figuresOf(theirs), ...comparison(unit, ours.values, theirs.values) }),
    ...(target === undefined ? {} : { target }),
  };
}

function comparison(unit: Row['unit'], ours: readonly number[], theirs: readonly number[]) {
  const ratios = unit === 'operations/s' ? ratiosOf(ours, theirs) : ratiosOf(theirs, ours);
  const ratio = spreadOf(ratios);
  const interval = medianInterval(ratios);
  const noisy = interval.pairs < minPairs || interval.high - interval.low > maxWidth * ratio.median;
  return { ratio, interval, noisy };
}

const figuresOf = ({ name, values, latencies = {}, processor }: Rounds): Figures => ({
  name,
  value: spreadOf(values),
  latencies,
  ...(processor === undefined ? {} : { processor }),
});
