import type { Sandbox } from '../support/sandbox.ts';
import type { Row } from './rows/row.ts';
import type { Tools } from './servers/build-tools.ts';

/** A build of the daemon. */
export interface Build {
  readonly name: string;
  /** of its program */
  readonly file: string;
}

/** What a piece is measured with. */
export interface Bench {
  readonly sandbox: Sandbox;
  readonly tools: Tools;
  /** pairs of rounds that count, instead of the piece's own number */
  readonly pairs: number | undefined;
  /** how long a round of calls lasts */
  readonly seconds: number;
  /** concurrent clients, instead of the workload's own numbers */
  readonly workers: readonly number[] | undefined;
  /** when the last repetition of a noisy row must be over, by `performance.now` */
  readonly until: number;
  /** Another build of the daemon, which takes the place of all others that ours is measured beside. */
  readonly baseline?: Build | undefined;
}

/** Measures, and yields each row as soon as it has it. */
export type Measure = (bench: Bench) => AsyncIterable<Row>;

/** A part of a workload that is measured by itself, with servers and a sandbox of its own. */
export interface Piece {
  readonly workload: string;
  /** what distinguishes it in its workload; empty if the workload has one piece */
  readonly part: string;
  readonly about: string;
  /** what ours is compared with */
  readonly against: string;
  /** an estimate without repetitions, on two processors */
  readonly minutes: number;
  readonly measure: Measure;
}

/** As the command line takes it. */
export const nameOf = ({ workload, part }: Piece): string => (part === '' ? workload : `${workload}/${part}`);
