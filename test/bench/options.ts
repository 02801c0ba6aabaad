import { parseArgs } from 'node:util';
import { type Bench, type DriverName, driverNames } from './workload.ts';

export interface Choice extends Omit<Bench, 'sandbox' | 'tools' | 'baseline'> {
  /** of workloads */
  readonly names: readonly string[];
  /** the output folder; earlier results are overwritten */
  readonly folder: string;
  /** a revision to compare with instead of containerd */
  readonly revision: string | undefined;
}

/** What to measure: workloads by name, all without any. Throws a TypeError that says what is wrong. */
export function chosen(args: readonly string[], known: readonly string[]): Choice {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      driver: { type: 'string', default: driverNames.join(',') },
      workers: { type: 'string', default: '1,8,32' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '1.5' },
      compare: { type: 'string' },
      results: { type: 'string', default: 'test/bench/results' },
    },
  });
  for (const name of positionals)
    if (!known.includes(name)) throw new TypeError(`${name}: no such workload; there are ${known.join(', ')}`);
  return {
    names: positionals.length > 0 ? positionals : known,
    drivers: values.driver.split(',').map(driver),
    workers: values.workers.split(',').map((text) => number('--workers', text)),
    rounds: number('--rounds', values.rounds),
    seconds: number('--seconds', values.seconds),
    folder: values.results,
    revision: values.compare,
  };
}

function driver(text: string): DriverName {
  const name = driverNames.find((known) => known === text);
  if (name === undefined) throw new TypeError(`--driver ${text}: must be ${driverNames.join(' or ')}`);
  return name;
}

function number(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new TypeError(`${option} ${text}: must be a number above 0`);
  return value;
}
