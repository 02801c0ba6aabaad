import { EMPTY, exhaustMap, from, interval, Subject, switchMap } from 'rxjs';
import type { Event, EventOf } from '../../../events/registry.ts';
import { errorText } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import type { VolumeDriver } from '../../ports/volume-driver.ts';
import type { Journal } from '../store/journal.ts';
import { snapshotWith, volumeOf } from '../store/volume-of.ts';
import type { Pipelines } from './pipeline.ts';

/** Flushes layers while they are being unpacked, so that the flush that their commit waits for is short. */
export interface EarlyFlusher {
  close(): void;
}

/** containerd's unpacker sets it on the actives that it will commit; a container's root has it not. */
const unpackLabel = 'containerd.io/snapshot.ref';
/** What unpacks without it names its actives so. Source: containerd, snapshots.UnpackKeyFormat */
const unpackKey = /(?:^|\/)extract-/;
/** Milliseconds between two flushes while a layer is being unpacked: a layer of some megabytes takes a tenth of a second. */
const pause = 50;

interface Context {
  readonly journal: Journal;
  readonly pipelines: Pipelines;
  readonly driver: VolumeDriver;
  readonly logger: Logger;
}

export function createEarlyFlusher({ journal, pipelines, driver, logger }: Context): EarlyFlusher {
  const unpacking = new Set<number>();
  const changes = new Subject<boolean>();
  const flushOne = async (id: number) => {
    const snapshot = snapshotWith(journal.durable, id);
    if (snapshot === undefined || !journal.health.serving) return;
    try {
      await driver.flush(volumeOf(journal.durable, snapshot));
    } catch (error) {
      logger.warn({ id, error: errorText(error) }, 'early flush failed: the commit will flush');
    }
  };
  /** Calls at the same time share the work; only the driver knows which actives have something to flush. */
  const flush = () => Promise.all([...unpacking].map(flushOne));
  const note = (id: number, begins: boolean) => {
    const before = unpacking.size;
    if (begins) unpacking.add(id);
    else unpacking.delete(id);
    if ((before === 0) !== (unpacking.size === 0)) changes.next(unpacking.size > 0);
  };
  const flushing = changes
    .pipe(switchMap((busy) => (busy ? interval(pause).pipe(exhaustMap(() => from(flush()))) : EMPTY)))
    .subscribe();
  const look = (event: Event) => {
    if (event.type === 'SnapshotPrepared' && isUnpack(event.data)) note(event.data.id, true);
    else if (isEnd(event)) note(event.data.id, false);
  };
  const pipeline = pipelines.start({
    name: 'early-flush',
    handle: (envelopes) => {
      for (const { event } of envelopes) look(event);
    },
  });
  return {
    close: () => {
      pipeline.close();
      flushing.unsubscribe();
    },
  };
}

/** The active is none any more. */
const isEnd = (
  event: Event,
): event is EventOf<'SnapshotCommitted' | 'SnapshotRemoved' | 'PrepareUndone' | 'VolumeLost'> =>
  ['SnapshotCommitted', 'SnapshotRemoved', 'PrepareUndone', 'VolumeLost'].includes(event.type);

const isUnpack = ({ key, labels }: EventOf<'SnapshotPrepared'>['data']) => unpackLabel in labels || unpackKey.test(key);
