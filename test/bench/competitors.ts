import { startOurs, startPeer } from './servers.ts';
import type { Bench } from './workload.ts';

export const durabilities = ['commit', 'background'] as const;
export type Durability = (typeof durabilities)[number];

/** A snapshotter that containerd unpacks with, once in each round. */
export interface Competitor {
  /** as rows call it */
  readonly name: string;
  /** as containerd calls it */
  readonly snapshotter: string;
  /** a proxy snapshotter's daemon */
  readonly daemon?: { readonly pid: number; readonly socket: string };
  /** `syncfs` after each command, within its time: then all is durable that "commit" makes durable */
  readonly syncfs?: boolean;
}

export interface Ours extends Competitor {
  readonly daemon: { readonly pid: number; readonly socket: string };
  readonly durability: Durability;
  /** whom it is compared with */
  readonly rivals: readonly Competitor[];
}

const builtin: Competitor = { name: 'overlayfs', snapshotter: 'overlayfs' };
const durable: Competitor = { name: 'overlayfs, then syncfs', snapshotter: 'overlayfs', syncfs: true };
const builtins: Readonly<Record<Durability, readonly Competitor[]>> = {
  commit: [builtin, durable],
  background: [builtin],
};

/** Starts this project's daemon for each durability. Rivals are the builtin overlayfs, or the same daemon of another build. */
export async function startCompetitors(bench: Bench): Promise<readonly Ours[]> {
  const all: Ours[] = [];
  for (const durability of durabilities) {
    const flags = ['--durability', durability];
    const placed = (folder: string) => ({ driver: 'overlay', place: bench.sandbox.folder(folder) }) as const;
    const daemon = await startOurs(bench, { ...placed(durability), name: 'snapledger' }, flags);
    const snapshotter = `other-${durability}`;
    const otherBuild = async () => {
      const other = await startPeer(bench, placed(snapshotter), flags);
      return [{ name: other.name, snapshotter, daemon: other }];
    };
    const rivals = bench.baseline === undefined ? builtins[durability] : await otherBuild();
    all.push({ name: daemon.name, snapshotter: durability, durability, daemon, rivals });
  }
  return all;
}
