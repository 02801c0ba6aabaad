import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { asTimes, type LoadRound, putLoad, withMore } from '../load/load.ts';
import { untilSteady } from '../rows/repeat.ts';
import { rowOf } from '../rows/row.ts';
import { describePlace, type FileSystem, placeOn, startOurs, startPeer } from '../servers/servers.ts';
import type { Bench, Piece } from '../workload.ts';

/** flags of ours, by how rows call them */
type Variants = Readonly<Record<string, readonly string[]>>;

const retention: Variants = { 'retention on': [], 'retention off': ['--no-retention'] };
/** containerd's driver flushes no layer: with "background" neither driver deletes files that are on the disk. */
const withBackground: Variants = {
  ...retention,
  'retention off, "background"': ['--no-retention', '--durability', 'background'],
};
const pairs = 7;
/** of a loop file */
const megabytes = 6_000;

interface Collected extends Pick<Piece, 'workload' | 'part' | 'about' | 'minutes'> {
  /** what is timed, as rows call it */
  readonly variant: string;
  readonly on: FileSystem;
  readonly variants: Variants;
  readonly target?: number;
}

const collected = (what: Collected): Piece => ({
  ...{ workload: what.workload, about: what.about, part: what.part, minutes: what.minutes },
  against: "containerd's driver",
  measure: (bench) => measure(bench, what),
});

/** A garbage collection as containerd does it: List, Remove of 1,000 layers one by one, leaves first, and Cleanup. */
export const collections: readonly Piece[] = (['root', 'ext4', 'xfs'] as const).map((on) =>
  collected({
    workload: 'collection',
    part: on,
    minutes: 4,
    on,
    variants: withBackground,
    about: `List, Remove of 1,000 layers one by one, Cleanup; retention on and off, on ${describePlace(on)}`,
    variant: on === 'root' ? '1,000 layers' : `1,000 layers, ${describePlace(on)}`,
    target: 1,
  }),
);

/** How long a client waits that prepares a snapshot every 10 ms meanwhile. */
export const beside = collected({
  workload: 'beside',
  part: '',
  minutes: 3,
  on: 'root',
  variants: retention,
  about: 'Prepare every 10 ms beside a collection; retention on and off',
  variant: 'Prepare beside a collection, p50',
});

async function* measure(bench: Bench, { workload, variant, on, variants, target }: Collected) {
  const place = placeOn(bench, on, megabytes);
  for (const [index, [name, flags]] of Object.entries(variants).entries()) {
    const placed = { driver: 'overlay', place: join(place, String(index)) } as const;
    mkdirSync(placed.place);
    const ours = await startOurs(bench, { ...placed, name: 'snapledger' }, flags);
    const peer = await startPeer(bench, { ...placed, asynchronous: true }, flags);
    const load = { workload, workers: 1, rounds: bench.pairs ?? pairs, seconds: 0 };
    let rounds: readonly (readonly LoadRound[])[] = [];
    yield* await untilSteady(bench, async () => {
      rounds = withMore(rounds, await putLoad(bench, [ours, peer], load));
      const [mine = [], theirs = []] = rounds;
      const row = rowOf({
        ...{ workload, unit: 'ms', target, variant: `${variant}, ${name}` },
        ours: asTimes(ours.name, mine, workload),
        theirs: asTimes(peer.name, theirs, workload),
      });
      return [row];
    });
  }
}
