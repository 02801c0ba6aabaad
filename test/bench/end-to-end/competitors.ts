import { startOurs, startPeer } from '../servers/servers.ts';
import type { Bench } from '../workload.ts';

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
  /** `syncfs` after each layer, within its time: all is then durable that "commit" makes durable */
  readonly flushing?: boolean;
}

export interface Ours extends Competitor {
  readonly daemon: { readonly pid: number; readonly socket: string };
  readonly durability: Durability;
  /** what it is compared with */
  readonly rivals: readonly Competitor[];
}

const builtin: Competitor = { name: 'builtin', snapshotter: 'overlayfs' };
const flushingBuiltin: Competitor = { ...builtin, name: 'builtin + syncfs', flushing: true };

/** What ours is compared with, besides the builtin overlayfs. */
export interface Rivals {
  /** for "commit": the builtin that flushes each layer */
  readonly flushing?: boolean;
  /** for "background": containerd's own driver behind a socket, as ours is */
  readonly proxied?: boolean;
}

/**
 * Starts this project's daemon for each durability, and its rivals; or, if builds are compared, the same daemon of another build in place
 * of all rivals.
 */
export async function startOurSnapshotters(
  bench: Bench,
  { folder, flushing, proxied }: Rivals & { readonly folder: (name: string) => string },
): Promise<readonly Ours[]> {
  const all: Ours[] = [];
  const startProxied = async (): Promise<Competitor> => {
    const daemon = await startPeer(bench, { driver: 'overlay', place: folder('proxied'), asynchronous: true });
    return { name: 'containerd, as a plugin', snapshotter: 'proxied', daemon };
  };
  const rivalsOf = async (durability: Durability): Promise<readonly Competitor[]> => {
    if (durability === 'commit') return flushing === true ? [builtin, flushingBuiltin] : [builtin];
    return proxied === true ? [builtin, await startProxied()] : [builtin];
  };
  for (const durability of durabilities) {
    const flags = ['--durability', durability];
    const placed = (name: string) => ({ driver: 'overlay', place: folder(name) }) as const;
    const daemon = await startOurs(bench, { ...placed(durability), name: 'snapledger' }, flags);
    const snapshotter = `other-${durability}`;
    const otherBuild = async () => {
      const other = await startPeer(bench, placed(snapshotter), flags);
      return [{ name: other.name, snapshotter, daemon: other }];
    };
    const rivals = bench.baseline === undefined ? await rivalsOf(durability) : await otherBuild();
    all.push({ name: daemon.name, snapshotter: durability, durability, daemon, rivals });
  }
  return all;
}
