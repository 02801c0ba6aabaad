import type { Sandbox } from '../support/sandbox.ts';
import type { Tools } from './build-tools.ts';
import type { Row } from './row.ts';

/** A build of the daemon. */
export interface Build {
  readonly name: string;
  /** of its program */
  readonly file: string;
}

/** What a workload is measured with. */
export interface Bench {
  readonly sandbox: Sandbox;
  readonly tools: Tools;
  /** rounds that count */
  readonly rounds: number;
  /** how long a round of calls lasts */
  readonly seconds: number;
  readonly drivers: readonly DriverName[];
  readonly workers: readonly number[];
  /** Another build of the daemon, which takes the place of all others that ours is measured beside. */
  readonly baseline?: Build | undefined;
}

export const driverNames = ['overlay', 'btrfs'] as const;
export type DriverName = (typeof driverNames)[number];

/** Measures, and gives each row as soon as it has it. */
export type Workload = (bench: Bench) => AsyncIterable<Row>;
