import { setTimeout as pause } from 'node:timers/promises';
import type { BtrfsCalls } from './ioctl/btrfs-calls.ts';

interface Tools {
  readonly root: string;
  readonly calls: Pick<BtrfsCalls, 'deleted' | 'sync'>;
  /** milliseconds to wait for the kernel; 30 seconds by default */
  readonly timeout?: number;
  /** ends the waiting, which rejects with its reason */
  readonly signal?: AbortSignal;
}

/**
 * Waits for the space of deleted subvolumes, and resolves with whether there was any to wait for. The kernel frees it in the
 * background, every 30 seconds unless it is woken, repeatedly if metadata is short; the space is available after the next
 * transaction is committed. A subvolume with an open file is not freed, and not waited for again after the timeout.
 */
export function createReclaim({ root, calls, timeout = 30_000, signal }: Tools): () => Promise<boolean> {
  let stuck: ReadonlySet<number> = new Set();
  return async () => {
    signal?.throwIfAborted();
    const known = stuck;
    let left = (await calls.deleted(root)).filter((id) => !known.has(id));
    if (left.length === 0) return false;
    const until = performance.now() + timeout;
    for (let next = 5; left.length > 0 && performance.now() < until; next = Math.min(next * 2, 200)) {
      signal?.throwIfAborted();
      await calls.sync(root);
      await pause(next);
      const still = new Set(await calls.deleted(root));
      left = left.filter((id) => still.has(id));
    }
    stuck = new Set([...known, ...left]);
    await calls.sync(root);
    return true;
  };
}
