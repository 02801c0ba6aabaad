import type { Sandbox } from '../support/sandbox.ts';
import type { Tools } from './build-tools.ts';
import type { Row } from './row.ts';

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
}

export const driverNames = ['overlay', 'btrfs'] as const;
export type DriverName = (typeof driverNames)[number];

/** Measures, and gives each row as soon as it has it. */
export type Workload = (bench: Bench) => AsyncIterable<Row>;
