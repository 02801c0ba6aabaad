import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EventLog } from '../../../../ports/event-log.ts';
import { Fault } from '../../../../ports/fault.ts';
import { damageFault } from '../format/damage.ts';
import type { Segment } from '../format/segment.ts';
import { segmentName } from '../format/segment-name.ts';
import { attached, type LoadedLog, loadSegments, segmentIn, withFile } from './load-segments.ts';
import { readEvents } from './read-events.ts';
import { walkSegment } from './walk-segment.ts';

/**
 * A log that somebody else goes on writing, as far as whole events stand in its files when they are read. Events that were never
 * acknowledged are among them, and may be gone a moment later: the reader must know from the writer which ones are durable.
 * Throws a Fault (`stale`) while the files are those of another store than the one that is named.
 */
export function followLog(directory: string, store: string): Pick<EventLog, 'read'> {
  let segments: Segment[] | undefined;
  const grown = async () => {
    segments ??= [...(await loaded(directory, store)).segments];
    await grow(directory, segments);
    return segments;
  };
  return {
    async *read(after) {
      // Events that were taken back leave stale places behind. The chain shows them, and everything is looked at anew.
      const now = await grown().catch((error) => {
        if (segments === undefined || !isDamage(error)) throw error;
        segments = undefined;
        return grown();
      });
      try {
        yield* readEvents(now, after);
      } catch (error) {
        segments = undefined;
        throw error;
      }
    },
  };
}

const isDamage = (error: unknown) => error instanceof Fault && error.code === 'corrupt';

async function loaded(directory: string, store: string): Promise<LoadedLog> {
  const log = await loadSegments(directory);
  if (log?.store === store) return log;
  if (log !== undefined)
    throw new Fault('stale', `${directory}: is the log of store ${log.store}, not of ${store}`, {
      hint: 'bring back the root that belongs to this store',
    });
  throw new Fault('misuse', `${directory}: holds no log`, { hint: 'name the root of a store' });
}

/** Takes in what was written since: the rest of the last segment, and the segments after it. */
async function grow(directory: string, segments: Segment[]): Promise<void> {
  for (let last = segments.at(-1); last !== undefined; ) {
    await readOn(last);
    const path = join(directory, segmentName(last.end.position + 1));
    if (!existsSync(path)) return;
    const next = await withFile(path, (handle) => segmentIn(handle, directory, path));
    const damage = attached(last, next, { moves: [] });
    if (damage !== undefined) throw damageFault(damage);
    segments.push(next);
    last = next;
  }
}

/** A line that is not whole yet is being written. */
async function readOn(segment: Segment): Promise<void> {
  await withFile(segment.path, async (handle) => {
    const { size } = await handle.stat();
    for await (const { end, damage } of walkSegment(handle, segment, segment.end, () => size)) {
      segment.end = end;
      if (damage?.broken === false) throw damageFault(damage);
    }
  });
}
