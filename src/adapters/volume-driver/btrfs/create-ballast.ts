import { mkdirSync, readdirSync, rmSync, statfsSync, symlinkSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { Ballast } from '../../../ports/ballast.ts';
import { errorText, isFull } from '../../../ports/fault.ts';
import type { BtrfsCalls } from './btrfs-calls.ts';
import { btrfsMagic } from './check-btrfs-root.ts';
import { createReclaim } from './create-reclaim.ts';
import { isSubvolume } from './is-subvolume.ts';

interface Setup {
  /** a directory that is on btrfs or not: it is made where it is missing */
  readonly root: string;
  readonly calls: Pick<BtrfsCalls, 'create' | 'remove' | 'deleted' | 'sync'>;
  /** Told in words why there is none. */
  readonly warn: (message: string) => void;
}

const name = 'ballast';
/**
 * Symbolic links lie in the metadata whole. So many of that length take 2 MiB of it: what the kernel wants free for a small
 * write in place is a quarter of that.
 */
const links = 640;
const target = '-'.repeat(3000);
/** links between two turns of the event loop */
const atOnce = 16;
/** milliseconds until it is tried again where there was no room */
const pause = 5000;

/**
 * Metadata of btrfs that is held in a subvolume of its own, `ROOT/ballast`, since that is given up by a single call. Undefined
 * where the root is not on btrfs, which is the one that needs it.
 */
export function createBallast({ root, calls, warn }: Setup): Ballast | undefined {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  if (statfsSync(root).type !== btrfsMagic) return undefined;
  const path = `${root}/${name}`;
  const reclaim = createReclaim({ root, calls });
  let whole = false;
  let tried = Number.NEGATIVE_INFINITY;
  let turnOf: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(deed: () => Promise<T>): Promise<T> => {
    const done = turnOf.then(deed);
    turnOf = done.catch(() => {});
    return done;
  };
  const keep = async () => {
    if (whole || performance.now() - tried < pause) return;
    tried = performance.now();
    try {
      if (!isSubvolume(path)) {
        // A root that was copied has a directory in its place.
        rmSync(path, { recursive: true, force: true });
        await calls.create(root, name);
      }
      await fill(path);
      whole = true;
    } catch (error) {
      if (!isFull(error)) warn(`no metadata is held for a full disk: ${errorText(error)}`);
    }
  };
  const release = async () => {
    whole = false;
    tried = performance.now();
    try {
      if (isSubvolume(path)) await calls.remove(root, name);
      return await reclaim();
    } catch (error) {
      warn(`${path} can't be given up: ${errorText(error)}`);
      return false;
    }
  };
  return { keep: () => inTurn(keep), release: () => inTurn(release) };
}

async function fill(path: string): Promise<void> {
  const there = new Set(readdirSync(path));
  for (let n = 0; n < links; n++) {
    if (there.has(String(n))) continue;
    symlinkSync(target, `${path}/${n}`);
    if (n % atOnce === 0) await turn();
  }
}
