import { errorText } from '../../ports/fault.ts';
import type { Manifests } from '../../ports/layer-inspector.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Journal } from '../store/journal.ts';
import { layersOf, layerWith } from '../store/volume-of.ts';
import { createIdleBatch } from './idle-batch.ts';
import type { Pipelines } from './pipeline.ts';

/** Has a manifest made of each committed layer, one after the other when a pull is over, and dropped when the layer is. */
export interface ManifestMaker {
  /** Begins nothing any more, and ends what is under way: the next start makes what is missing. */
  close(): Promise<void>;
}

interface Context {
  readonly journal: Journal;
  readonly pipelines: Pipelines;
  readonly manifests: Manifests;
  readonly logger: Logger;
}

export function createManifestMaker({ journal, pipelines, manifests, logger }: Context): ManifestMaker {
  let closed = false;
  const make = async (id: number) => {
    const layer = layerWith(journal.durable, id);
    if (closed || layer?.snapshot.kind !== 'committed') return;
    try {
      await manifests.make(layer.volume);
    } catch (error) {
      if (closed || layerWith(journal.latest, id) === undefined) return;
      logger.warn({ id, error: errorText(error) }, 'manifest not made: the next start tries again');
    }
    if (layerWith(journal.latest, id) === undefined) manifests.drop(id);
  };
  const lull = createIdleBatch(async (ids) => {
    for (const id of ids) await make(id);
  });
  const pipeline = pipelines.start({
    name: 'manifests',
    handle: (envelopes) => {
      for (const { event } of envelopes)
        if (event.type === 'SnapshotCommitted') lull.add(event.data.id);
        else if (event.type === 'VolumePurged' || event.type === 'VolumeLost') manifests.drop(event.data.id);
    },
  });
  const known = new Set(manifests.known());
  for (const id of layersOf(journal.durable)) if (!known.delete(id)) lull.add(id);
  for (const id of known) manifests.drop(id);
  return {
    close: async () => {
      closed = true;
      pipeline.close();
      await manifests.close();
      await lull.close();
    },
  };
}
