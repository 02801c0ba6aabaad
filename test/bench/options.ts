import { parseArgs } from 'node:util';
import { nameOf, type Piece } from './workload.ts';

export interface Choice {
  readonly pieces: readonly Piece[];
  readonly pairs: number | undefined;
  readonly seconds: number;
  readonly workers: readonly number[] | undefined;
  /** how long a piece may take with the repetitions of its noisy rows */
  readonly minutes: number;
  /** the folder of the results */
  readonly folder: string;
  /** a revision to compare with instead of containerd */
  readonly revision: string | undefined;
  /** writes the tables of known results, measures nothing */
  readonly tablesOnly: boolean;
  readonly help: boolean;
}

export const defaultFolder = 'test/bench/results';

type Sets = Readonly<Record<string, readonly string[]>>;

/**
 * What to measure: workloads, pieces and sets of them by name, everything without any. Throws a TypeError that says what is
 * wrong.
 */
export function chosen(args: readonly string[], all: readonly Piece[], sets: Sets): Choice {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      ...{ pairs: text, workers: text, compare: text },
      seconds: { ...text, default: '2' },
      minutes: { ...text, default: '10' },
      results: { ...text, default: defaultFolder },
      ...{ tables: flag, help: flag },
    },
  });
  const names = positionals.flatMap((name) => sets[name] ?? [name]);
  for (const name of names)
    if (!all.some((piece) => isNamed(piece, name)))
      throw new TypeError(`${name}: no such workload, piece or set; npm run bench -- --help lists them`);
  return {
    pieces: names.length === 0 ? all : names.flatMap((name) => all.filter((piece) => isNamed(piece, name))),
    pairs: values.pairs === undefined ? undefined : number('--pairs', values.pairs),
    seconds: number('--seconds', values.seconds),
    workers: values.workers?.split(',').map((part) => number('--workers', part)),
    minutes: number('--minutes', values.minutes),
    folder: values.results,
    revision: values.compare,
    tablesOnly: values.tables,
    help: values.help,
  };
}

const isNamed = (piece: Piece, name: string) => piece.workload === name || nameOf(piece) === name;

function number(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new TypeError(`${option} ${text}: must be a number above 0`);
  return value;
}

/** The usage, with every piece, set, and the minutes that they take. */
export function usage(all: readonly Piece[], sets: Sets): string {
  const line = (name: string, minutes: number, about: string) =>
    `  ${name.padEnd(20)} ${minutes.toFixed(0).padStart(3)} min  ${about}`;
  const minutesOf = (names: readonly string[]) =>
    all.filter((piece) => names.some((name) => isNamed(piece, name))).reduce((sum, { minutes }) => sum + minutes, 0);
  return `usage: npm run bench -- [NAME...] [OPTION...]

Measures snapledger beside containerd's own snapshotters, in alternating rounds. Without a NAME: everything.
Every ratio is "times as fast": above 1, snapledger is faster. Needs root and a machine without other work.

NAME: a workload (all its pieces), a piece, or a set. Minutes without repetitions:
${all.map((piece) => line(nameOf(piece), piece.minutes, `${piece.about}; against ${piece.against}`)).join('\n')}
sets:
${Object.entries(sets)
  .map(([name, names]) => line(name, minutesOf(names), names.join(' ')))
  .join('\n')}

  --pairs N        pairs of rounds that count; by default 15 end-to-end, 10 of commits, 9 of calls, 7 of collections
  --seconds S      length of a round of calls (2)
  --workers N,...  concurrent clients (1,8,32; reads 1,32)
  --minutes M      repeat the noisy rows of a piece at most three times, and only within so many minutes (10)
  --compare REV    against the daemon of another revision instead of containerd: prints rows, writes nothing;
                   exit status 1 for a regression
  --results DIR    where results are written (${defaultFolder})
  --tables         measure nothing, write the tables of the results again
  --help

Each row is written when it is measured, in the place of its older figures, with date, revision and machine: pieces can
be run one by one. Written are results.json, table.md and chart.svg, and with the default folder the tables in BENCHMARKS.md.`;
}
