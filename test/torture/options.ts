import { parseArgs } from 'node:util';
import { type DriverUnderTest, driversUnderTest } from '../fault/drivers.ts';
import { type DiskKind, diskKinds } from './power-cuts/disk.ts';

/** It ends after the rounds or the seconds, whichever is first. The same seed makes the same choices. */
interface Limits {
  readonly rounds: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface TortureOptions extends Limits {
  readonly driver: DriverUnderTest['name'];
  readonly mode: Mode;
  readonly writers: number;
  readonly disk: DiskKind;
}

const modes = ['kill', 'fault', 'power', 'mixed'] as const;
export type Mode = (typeof modes)[number];

const drivers = driversUnderTest.map(({ name }) => name);
export const usage = `usage: npm run torture -- [--driver ${drivers.join('|')}] [--mode ${modes.join('|')}] [--rounds N] [--seconds N]
       [--seed N] [--writers N] [--disk ${diskKinds.join('|')}]
       npm run torture -- forward [--rounds N] [--seconds N] [--seed N] [--writers N]
       npm run torture -- fleet [--rounds N] [--seconds N] [--seed N] [--stores N]

Ends the daemon in every way, round after round on one root, and compares what there is with what was acknowledged.
Without rounds or seconds: 20 rounds. Exit status 1 if anything is lost, incomplete or unexplained; the last line repeats the run.

  1,000 kills:    npm run torture -- --mode kill --driver overlay --rounds 1000      (also --driver btrfs; 15 min each on one idle core)
  100 power cuts: npm run torture -- --mode power --disk xfs --rounds 100            (also ext4, ext4-no-journal, and --driver btrfs; 2 min)
                  node build/test/torture/power-cuts/compare-power-cuts.js --disk xfs --cuts 100  (only commits, each layer read back)`;

const text = { type: 'string' } as const;
const limits = { rounds: text, seconds: text, seed: text };

/** Reads the command line; throws with a usage line. */
export function parseOptions(args: readonly string[]): TortureOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { ...limits, driver: text, mode: text, writers: text, disk: text },
  });
  const mode = oneOf('mode', values.mode ?? 'kill', modes);
  const driver = oneOf('driver', values.driver ?? 'overlay', drivers);
  return {
    ...{ driver, mode, ...limitsOf(values) },
    writers: count('writers', values.writers, 8),
    disk: oneOf('disk', values.disk ?? defaultDisk(mode, driver), diskKinds),
  };
}

/** Reads the command line of a torture that takes one more number than its limits: `usual` if it is not given. Throws as `parseOptions`. */
export function parseLimitsAnd<Name extends string>(
  args: readonly string[],
  name: Name,
  usual: number,
): Limits & Readonly<Record<Name, number>> {
  const { values } = parseArgs({ args: [...args], options: { ...limits, [name]: text } });
  const given: Readonly<Record<string, string | undefined>> = values;
  return { ...limitsOf(given), [name]: count(name, given[name], usual) } as Limits & Record<Name, number>;
}

function limitsOf({ rounds, seconds, seed }: Readonly<Record<string, string | undefined>>): Limits {
  const endless = 1_000_000;
  return {
    rounds: count('rounds', rounds, seconds === undefined ? 20 : endless),
    seconds: count('seconds', seconds, endless),
    seed: count('seed', seed, Math.floor(Math.random() * 2 ** 31)),
  };
}

/** A btrfs root needs btrfs below it, and a power cut needs a separate file system. */
function defaultDisk(mode: Mode, driver: DriverUnderTest['name']): DiskKind {
  if (driver === 'btrfs') return 'btrfs';
  return mode === 'power' ? 'xfs' : 'directory';
}

function oneOf<T extends string>(name: string, value: string, known: readonly T[]): T {
  const found = known.find((one) => one === value);
  if (found === undefined) throw new TypeError(`--${name} ${value}: is none of ${known.join(', ')}\n${usage}`);
  return found;
}

function count(name: string, value: string | undefined, usual: number): number {
  if (value === undefined) return usual;
  if (!/^[0-9]+$/.test(value)) throw new TypeError(`--${name} ${value}: is not a whole number\n${usage}`);
  return Number(value);
}
