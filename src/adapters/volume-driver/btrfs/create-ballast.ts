import { closeSync, existsSync, openSync, readdirSync, rmSync, statfsSync, statSync, symlinkSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import type { Ballast } from '../../../ports/ballast.ts';
import { errorText, isFull } from '../../../ports/fault.ts';
import type { System } from '../../../ports/system.ts';
import { makeDirectories } from '../../system/files.ts';
import type { BtrfsCalls } from './btrfs-calls.ts';
import { btrfsMagic } from './check-btrfs-root.ts';
import { createReclaim } from './create-reclaim.ts';
import { isSubvolume } from './is-subvolume.ts';

interface Setup {
  /** a directory that is on btrfs or not: it is made where it is missing */
  readonly root: string;
  readonly calls: Pick<BtrfsCalls, 'create' | 'remove' | 'deleted' | 'sync'>;
  readonly preallocate: System['preallocate'];
  /** Told in words why there is none. */
  readonly warn: (message: string) => void;
}

const name = 'ballast';
const quotaName = 'ballast.quota';
/** A write in place counts one block of metadata (16 KiB) against a quota until it is done, the deletion of a subvolume three. */
const quotaBytes = 1 << 20;
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
 * What btrfs needs for writes in place and for deletions, of both kinds that can run out. Metadata of the disk is held in a
 * subvolume of its own, `ROOT/ballast`, since that is given up by a single call. What a quota on the root's subvolume leaves is
 * held in a file, `ROOT/ballast.quota`: a quota counts each subvolume for itself, and a file is deleted even where it is used
 * up. Undefined where the root is not on btrfs: other file systems count what is preallocated, once.
 */
export function createBallast({ root, calls, preallocate, warn }: Setup): Ballast | undefined {
  makeDirectories(root, 0o700);
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
  const quotaPath = `${root}/${quotaName}`;
  const keepMetadata = async () => {
    if (!isSubvolume(path)) {
      // A root that was copied has a directory in its place.
      rmSync(path, { recursive: true, force: true });
      await calls.create(root, name);
    }
    await fill(path);
  };
  const kept = async (what: string, make: () => void | Promise<void>): Promise<boolean> => {
    try {
      await make();
      return true;
    } catch (error) {
      if (!isFull(error)) warn(`${what}: ${errorText(error)}`);
      return false;
    }
  };
  const keep = async () => {
    if (whole || performance.now() - tried < pause) return;
    tried = performance.now();
    const all = [
      await kept('nothing is held for a quota that is used up', () => keepFile(quotaPath, preallocate)),
      await kept('no metadata is held for a full disk', keepMetadata),
    ];
    whole = all.every((each) => each);
  };
  const release = async () => {
    whole = false;
    tried = performance.now();
    let freed = false;
    try {
      if (existsSync(quotaPath)) {
        rmSync(quotaPath);
        // A quota counts what was deleted until the transaction is committed.
        await calls.sync(root);
        freed = true;
      }
      if (isSubvolume(path)) await calls.remove(root, name);
      return (await reclaim()) || freed;
    } catch (error) {
      warn(`${path} can't be given up: ${errorText(error)}`);
      return freed;
    }
  };
  return { keep: () => inTurn(keep), release: () => inTurn(release) };
}

function keepFile(path: string, preallocate: System['preallocate']): void {
  if ((statSync(path, { throwIfNoEntry: false })?.blocks ?? 0) > 0) return;
  const fd = openSync(path, 'w', 0o600);
  try {
    preallocate(fd, 0, quotaBytes);
  } catch (error) {
    rmSync(path);
    throw error;
  } finally {
    closeSync(fd);
  }
}

async function fill(path: string): Promise<void> {
  const there = new Set(readdirSync(path));
  for (let n = 0; n < links; n++) {
    if (there.has(String(n))) continue;
    symlinkSync(target, `${path}/${n}`);
    if (n % atOnce === 0) await turn();
  }
}
