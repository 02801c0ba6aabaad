import type { EventOf } from '../../../events/registry.ts';
import type { State } from '../../../projections/state.ts';
import type { Failpoint } from '../../ports/failpoints.ts';
import type { VolumeDriver } from '../../ports/volume-driver.ts';
import { reconcilerActor } from '../actors.ts';
import type { Purger } from '../background/purger.ts';
import type { Journal } from '../store/journal.ts';
import type { Queued } from './retained-queue.ts';

export interface EndingContext {
  readonly journal: Pick<Journal, 'latest' | 'record'>;
  readonly driver: Pick<VolumeDriver, 'reclaimSpace'>;
  readonly purger: Pick<Purger, 'purged' | 'closing'>;
  readonly failpoint: Failpoint;
}

/** Events in one append: they must fit the room that the log keeps back for what frees space. */
const atOnce = 256;

/**
 * Records that retention of these layers has ended, in their order, and resolves when their volumes were purged and the
 * space is free; ends none where the store stops, since nothing would be purged. Answers whether there was anything to end: some
 * may have been brought back meanwhile.
 */
export async function endRetention(context: EndingContext, queued: readonly Queued[], why: string): Promise<boolean> {
  const { journal, purger, driver, failpoint } = context;
  let ended = false;
  for (let from = 0; from < queued.length; from += atOnce) {
    const events = endings(journal.latest, queued.slice(from, from + atOnce), why);
    if (events.length === 0) continue;
    if (purger.closing) return ended;
    failpoint('retention.end');
    await journal.record(events, { actor: reconcilerActor, reserve: true });
    await Promise.all(events.map(({ data }) => purger.purged(data.id)));
    ended = true;
    await driver.reclaimSpace();
  }
  return ended;
}

/** The events that end retention of these layers, as far as a state retains them. */
export function endings(
  { volumes }: State,
  queued: readonly Queued[],
  why: string,
): readonly EventOf<'RetentionEnded'>[] {
  return queued.flatMap(({ id }) => {
    const retained = volumes.retained.get(id);
    return retained === undefined ? [] : [{ type: 'RetentionEnded', data: { id, key: retained.snapshot.key, why } }];
  });
}
