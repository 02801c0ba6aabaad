import { closeSync, existsSync, openSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { Ballast } from '../../../ports/disk-space.ts';
import { errorText, isFull } from '../../../ports/fault.ts';
import type { System } from '../../../ports/system.ts';
import { isOn } from '../../system/file-system.ts';
import { makeDirectories } from '../../system/files.ts';
import type { BtrfsCalls } from './ioctl/btrfs-calls.ts';
import { isSubvolume } from './layout.ts';
import { createReclaim } from './reclaim.ts';

interface Setup {
  /** a directory on btrfs or not, created if it is missing */
  readonly root: string;
  readonly calls: Pick<BtrfsCalls, 'create' | 'remove' | 'deleted' | 'sync'>;
  readonly preallocate: System['preallocate'];
  /** Called with the reason if there is no ballast. */
  readonly warn: (message: string) => void;
}

const name = 'ballast';
const quotaName = 'ballast.quota';
/** A write in place counts one block of metadata (16 KiB) against a quota until it is done, the deletion of a subvolume three. */
const quotaBytes = 1 << 20;
/**
 * Symbolic links are kept in the metadata with their target. These take 2 MiB of it: a quarter of that must be free for the
 * kernel to do a small write in place.
 */
const links = 640;
const target = '-'.repeat(3000);
/** links between two turns of the event loop */
const slice = 16;
/** milliseconds until it is tried again if there was no space */
const pause = 5000;

/**
 * Reserves what btrfs needs for writes in place and for deletions. Two things can run out:
 * - metadata of the disk: reserved by the subvolume `ROOT/ballast`, which a single call releases;
 * - a quota on the root's subvolume: reserved by the file `ROOT/ballast.quota`, since a quota counts each subvolume separately,
 *   and a file can be deleted even if the quota is used up.
 * Undefined if the root is not on btrfs: on other file systems preallocated blocks are enough.
 */
export function createBallast({ root, calls, preallocate, warn }: Setup): Ballast | undefined {
  makeDirectories(root, 0o700);
  if (!isOn(root, 'btrfs')) return undefined;
  const [path, quotaPath] = [`${root}/${name}`, `${root}/${quotaName}`] as const;
  const reclaim = createReclaim({ root, calls });
  let complete = false;
  let tried = Number.NEGATIVE_INFINITY;
  const createMetadata = async () => {
    if (!isSubvolume(path)) {
      // A root that was copied has a plain directory there.
      rmSync(path, { recursive: true, force: true });
      await calls.create(root, name);
    }
    await fill(path);
  };
  const attempt = async (what: string, create: () => void | Promise<void>): Promise<boolean> => {
    try {
      await create();
      return true;
    } catch (error) {
      if (!isFull(error)) warn(`${what}: ${errorText(error)}`);
      return false;
    }
  };
  const restore = async () => {
    if (complete || performance.now() - tried < pause) return;
    tried = performance.now();
    const quota = await attempt('no space is reserved for a quota that is used up', () =>
      createQuotaFile(quotaPath, preallocate),
    );
    const metadata = await attempt('no metadata is reserved for a full disk', createMetadata);
    complete = quota && metadata;
  };
  const release = async () => {
    complete = false;
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
      warn(`${path} can't be released: ${errorText(error)}`);
      return freed;
    }
  };
  const inOrder = createQueue();
  return { restore: () => inOrder(restore), release: () => inOrder(release) };
}

/** Runs one operation after another. */
function createQueue() {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(operation: () => Promise<T>): Promise<T> => {
    const done = last.then(operation);
    last = done.catch(() => {});
    return done;
  };
}

function createQuotaFile(path: string, preallocate: System['preallocate']): void {
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
  const existing = new Set(readdirSync(path));
  for (let n = 0; n < links; n++) {
    if (existing.has(String(n))) continue;
    symlinkSync(target, `${path}/${n}`);
    if (n % slice === 0) await yieldToLoop();
  }
}
