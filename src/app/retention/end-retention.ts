import { setTimeout as pause } from 'node:timers/promises';
import type { Event } from '../../../events/registry.ts';
import type { Reach } from '../../ports/failpoints.ts';
import type { MeasureRoom } from '../../ports/space.ts';
import type { VolumeDriver } from '../../ports/volume-driver.ts';
import { reconcilerActor } from '../actors.ts';
import type { Journal } from '../journal.ts';
import type { Purger } from '../purger.ts';
import type { Queued } from './retained-queue.ts';

export interface EndingContext {
  readonly journal: Pick<Journal, 'latest' | 'record'>;
  readonly driver: Pick<VolumeDriver, 'settle'>;
  readonly purger: Pick<Purger, 'purged'>;
  readonly measureRoom: MeasureRoom;
  readonly reach: Reach;
}

/** Events in one append: they must fit the room that the log keeps back for what frees space. */
const atOnce = 256;
/** milliseconds that freed space gets to show, where the file system gives it back in the background */
const patience = 5000;

/**
 * Records that retention of these layers has ended, in their order, and resolves when their volumes were purged and the
 * space is free. Answers whether there was anything to end: some may have been brought back meanwhile.
 */
export async function endRetention(context: EndingContext, queued: readonly Queued[], why: string): Promise<boolean> {
  const { journal, purger, driver, measureRoom, reach } = context;
  let ended = false;
  for (let from = 0; from < queued.length; from += atOnce) {
    const part = queued.slice(from, from + atOnce).filter(({ id }) => journal.latest.volumes.retained.has(id));
    if (part.length === 0) continue;
    const { bytes } = await measureRoom();
    const events = part.map(({ id, key }): Event => ({ type: 'RetentionEnded', data: { id, key, why } }));
    reach('retention.end');
    await journal.record(events, { actor: reconcilerActor, room: 'reserved' });
    await Promise.all(part.map(({ id }) => purger.purged(id)));
    ended = true;
    if (driver.settle === undefined) continue;
    await driver.settle();
    await shown(measureRoom, bytes + part.reduce((sum, { bytes: own }) => sum + own, 0) / 2);
  }
  return ended;
}

/** btrfs deletes what a subvolume held after the deletion itself: to look too early would give up too much. */
async function shown(measureRoom: MeasureRoom, expected: number): Promise<void> {
  for (const until = performance.now() + patience; performance.now() < until; await pause(50))
    if ((await measureRoom()).bytes >= expected) return;
}
