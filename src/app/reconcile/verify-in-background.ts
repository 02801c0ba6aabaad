import { errorText } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import type { StagedScan, VolumeDriver } from '../../ports/volume-driver.ts';
import type { Journal } from '../store/journal.ts';
import { countUnlike } from './match-ids.ts';

interface Context {
  readonly journal: Pick<Journal, 'durable'>;
  readonly driver: Pick<VolumeDriver, 'occupies'>;
  readonly logger: Logger;
  /** Has the reconciler look at everything, soon: the scan may be of a moment that has passed. */
  readonly reconcile: (volumes: number) => void;
}

/**
 * Waits, while the store serves, for the rest of a scan of which the start needed the names alone, and calls for the reconciler
 * where a volume is not as it was left. What fails is told to the logger.
 */
export function lookFurther(
  scan: Pick<StagedScan, 'found' | 'abandon'>,
  { journal, driver, logger, reconcile }: Context,
): { close(): Promise<void> } {
  let closed = false;
  const look = async () => {
    const found = await scan.found();
    const unlike = await countUnlike(journal.durable, driver, found);
    if (unlike === 0 || closed) return;
    logger.warn({ volumes: unlike }, 'volumes are not as they were left: they are compared with the log');
    reconcile(unlike);
  };
  const looked = look().catch((error) => {
    if (!closed) logger.error({ error: errorText(error) }, 'volumes not looked at: `snapledger reconcile` does so');
  });
  return {
    close: () => {
      closed = true;
      scan.abandon();
      return looked;
    },
  };
}
