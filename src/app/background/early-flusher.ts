import { concatMap, EMPTY, repeat, Subject, switchMap, timer } from 'rxjs';
import type { Event, EventOf } from '../../../events/registry.ts';
import { errorText } from '../../ports/fault.ts';
import { snapshotWith, volumeOf } from '../store/volume-of.ts';
import { type BackgroundContext, eachEvent } from './pipeline.ts';

/** Flushes layers while they are unpacked, so that their commits have less to flush. */
interface EarlyFlusher {
  close(): void;
}

/** containerd's unpacker sets it on the actives that it will commit; the root of a container does not have it. */
const unpackLabel = 'containerd.io/snapshot.ref';
/** An unpacker without it uses these keys. Source: containerd, snapshots.UnpackKeyFormat */
const unpackKey = /(?:^|\/)extract-/;
/** Milliseconds between two flushes, besides what the last one took: a layer of some megabytes is unpacked in a tenth of a second. */
const pause = 25;

/**
 * Milliseconds added to the pause: at least half of the time the disk is the unpacker's. An active whose unpack was given up is
 * flushed ever more seldom: some 9,000 times in a day.
 */
export const addedPause = ({ took, open }: { readonly took: number; readonly open: number }): number =>
  Math.max(took, open / 1000 - pause);

type Context = Pick<BackgroundContext, 'journal' | 'pipelines' | 'driver' | 'logger'>;

export function createEarlyFlusher({ journal, pipelines, driver, logger }: Context): EarlyFlusher {
  const unpacking = new Set<number>();
  const busy = new Subject<boolean>();
  const flushOne = async (id: number) => {
    const snapshot = snapshotWith(journal.durable, id);
    if (snapshot === undefined || !journal.health.serving) return;
    try {
      if (driver.describeEmpty(id) === undefined)
        await driver.flush(volumeOf(journal.durable, snapshot), unpacking.size > 1);
    } catch (error) {
      logger.warn({ id, error: errorText(error) }, 'early flush failed: the commit will flush');
    }
  };
  let took = 0;
  let newest = 0;
  const flush = async () => {
    const since = performance.now();
    await Promise.all([...unpacking].map(flushOne));
    took = performance.now() - since;
  };
  const added = () => timer(addedPause({ took, open: performance.now() - newest }));
  const paced = timer(pause).pipe(concatMap(flush), repeat({ delay: added }));
  const flushing = busy.pipe(switchMap((on) => (on ? paced : EMPTY))).subscribe();
  const pipeline = pipelines.start({
    name: 'early-flush',
    handle: eachEvent((event) => {
      const before = unpacking.size;
      if (event.type === 'SnapshotPrepared' && isUnpack(event.data)) {
        unpacking.add(event.data.id);
        newest = performance.now();
      } else if (isEnd(event)) unpacking.delete(event.data.id);
      if ((before === 0) !== (unpacking.size === 0)) busy.next(unpacking.size > 0);
    }),
  });
  return {
    close: () => {
      pipeline.close();
      flushing.unsubscribe();
    },
  };
}

type End = EventOf<'SnapshotCommitted' | 'SnapshotRemoved' | 'PrepareUndone' | 'VolumeLost'>;

const isEnd = (event: Event): event is End =>
  ['SnapshotCommitted', 'SnapshotRemoved', 'PrepareUndone', 'VolumeLost'].includes(event.type);

const isUnpack = ({ key, labels }: EventOf<'SnapshotPrepared'>['data']) => unpackLabel in labels || unpackKey.test(key);
