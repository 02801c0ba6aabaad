import { errorText } from '../../ports/fault.ts';
import { reconcilerActor } from '../actors.ts';
import type { StoreContext } from '../store/execute.ts';
import { defectOf } from './restore-layer.ts';

/** The copy of the layer whose content one new snapshot will hold. */
export interface Staging {
  /** the layer that was copied, if any */
  readonly source: number | undefined;
  /** Replaces the copy by that of another layer, or by none; resolves with whether it could be made. */
  copy(source: number | undefined): Promise<boolean>;
  /** Makes the copy, if there is one, the content of the new snapshot's volume. */
  place(id: number): Promise<void>;
  /** Deletes a copy that was not placed. Never rejects. */
  discard(): Promise<void>;
}

export function createStaging(context: StoreContext): Staging {
  const { driver, logger, failpoint } = context;
  const { staging } = driver;
  let copy: { readonly source: number; readonly name: string } | undefined;
  const discard = async () => {
    const unused = copy;
    copy = undefined;
    try {
      if (unused !== undefined) await staging?.discard(unused.name);
    } catch (error) {
      logger.warn({ id: unused?.source, error: errorText(error) }, 'copy of a layer not deleted: the next start will');
    }
  };
  return {
    get source() {
      return copy?.source;
    },
    copy: async (source) => {
      await discard();
      if (source === undefined) return true;
      if (staging === undefined || !(await isIntact(context, source, 'staged'))) return false;
      try {
        copy = { source, name: await staging.copy(source) };
        return true;
      } catch (error) {
        logger.warn({ id: source, error: errorText(error) }, 'layer not staged: it could not be copied');
        return false;
      }
    },
    place: async (id) => {
      if (copy === undefined) return;
      failpoint('staging.place');
      await staging?.place(id, copy.name);
      copy = undefined;
    },
    discard,
  };
}

/** Verifies a layer to use again. Retention of one that is not as it was committed ends: the pull that asks for it replaces it. */
export async function isIntact(
  { journal, driver, logger }: StoreContext,
  id: number,
  use: 'adopted' | 'staged',
): Promise<boolean> {
  let why: string | undefined;
  try {
    why = await defectOf({ journal, driver }, id);
  } catch (error) {
    logger.warn({ id, error: errorText(error) }, `layer not ${use}: it could not be verified`);
    return false;
  }
  if (why === undefined) return true;
  const key = journal.latest.volumes.retained.get(id)?.snapshot.key;
  logger.warn({ id, key, error: why }, `layer not ${use}: it is not as it was committed`);
  if (key === undefined) return false;
  await journal.record([{ type: 'RetentionEnded', data: { id, key, why } }], { actor: reconcilerActor, reserve: true });
  return false;
}
