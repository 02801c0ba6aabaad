import { parseArgs } from 'node:util';
import { type DriverUnderTest, driversUnderTest } from '../fault/drivers.ts';
import { type DiskKind, diskKinds } from './disk.ts';

export interface TortureOptions {
  readonly driver: DriverUnderTest['name'];
  readonly mode: Mode;
  /** ends after the rounds or the seconds, whichever is first */
  readonly rounds: number;
  readonly seconds: number;
  readonly seed: number;
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
                  node build/test/torture/compare-power-cuts.js --disk xfs --cuts 100  (only commits, each layer read back)`;

/** Reads the command line; throws with a usage line. The same seed makes the same choices. */
export function parseOptions(args: readonly string[]): TortureOptions {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { driver: text, mode: text, rounds: text, seconds: text, seed: text, writers: text, disk: text },
  });
  const mode = oneOf('mode', values.mode ?? 'kill', modes);
  const driver = oneOf('driver', values.driver ?? 'overlay', drivers);
  const { rounds = values.seconds === undefined ? '20' : '1000000', seconds = '1000000' } = values;
  return {
    driver,
    mode,
    rounds: count('rounds', rounds),
    seconds: count('seconds', seconds),
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : count('seed', values.seed),
    writers: count('writers', values.writers ?? '8'),
    disk: oneOf('disk', values.disk ?? defaultDisk(mode, driver), diskKinds),
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

function count(name: string, value: string): number {
  if (!/^[0-9]+$/.test(value)) throw new TypeError(`--${name} ${value}: is not a whole number\n${usage}`);
  return Number(value);
}
