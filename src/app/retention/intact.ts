import { alteration } from '../../domain/alteration.ts';
import type { VolumeDriver } from '../../ports/volume-driver.ts';
import type { Journal } from '../store/journal.ts';
import { layerWith } from '../store/volume-of.ts';

interface Context {
  readonly journal: Pick<Journal, 'latest'>;
  readonly driver: Pick<VolumeDriver, 'hasCommitted' | 'usage'>;
}

/**
 * Why a layer, living or retained, is not the one that was committed, as far as its figures show, or undefined where nothing shows it.
 * Metadata is walked off the main thread; no file is read. A layer that was not measured yet is only looked for. Rejects with a
 * Fault where it can't be walked.
 */
export async function defectOf({ journal, driver }: Context, id: number): Promise<string | undefined> {
  const gone = 'its volume is not on the disk any more';
  if (!driver.hasCommitted(id)) return gone;
  const measured = journal.latest.usage.get(id);
  const layer = layerWith(journal.latest, id);
  if (measured === undefined || layer === undefined) return undefined;
  const why = alteration(measured, await driver.usage(layer.volume));
  if (why === undefined) return undefined;
  return `its volume was changed after its commit: ${why}`;
}
