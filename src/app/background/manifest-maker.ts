import { errorText } from '../../ports/fault.ts';
import type { Manifests } from '../../ports/layers.ts';
import { layersOf, layerWith } from '../store/volume-of.ts';
import { createIdleBatch } from './idle-batch.ts';
import { type BackgroundContext, eachEvent } from './pipeline.ts';

/** Has a manifest made of each committed layer, in an idle batch, and deleted with the layer. */
interface ManifestMaker {
  /** Ends what is under way: the next start makes what is missing. */
  close(): Promise<void>;
}

interface Context extends Pick<BackgroundContext, 'journal' | 'pipelines' | 'logger'> {
  readonly manifests: Manifests;
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
      logger.warn({ id, error: errorText(error) }, 'manifest not created: the next start tries again');
    }
    if (layerWith(journal.latest, id) === undefined) manifests.drop(id);
  };
  const batch = createIdleBatch(async (ids) => {
    for (const id of ids) await make(id);
  });
  const pipeline = pipelines.start({
    name: 'manifests',
    handle: eachEvent((event) => {
      if (event.type === 'SnapshotCommitted') batch.add(event.data.id);
      else if (event.type === 'VolumePurged' || event.type === 'VolumeLost') manifests.drop(event.data.id);
    }),
  });
  const known = new Set(manifests.known());
  for (const id of layersOf(journal.durable)) if (!known.delete(id)) batch.add(id);
  for (const id of known) manifests.drop(id);
  return {
    close: async () => {
      closed = true;
      pipeline.close();
      await manifests.close();
      await batch.close();
    },
  };
}
