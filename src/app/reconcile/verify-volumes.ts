import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { Kind } from '../../../events/codecs.ts';
import type { State } from '../../../projections/state.ts';
import { errorText } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Found, SnapshotIds, VolumeDriver } from '../../ports/volume-driver.ts';
import type { Journal } from '../store/journal.ts';

/**
 * Whether exactly the volumes that the state wants exist, and none is pending purge. After an orderly shutdown that is
 * enough to open: every volume was complete then.
 */
export function idsMatch(
  { volumes }: State,
  driver: Pick<VolumeDriver, 'occupies'>,
  { ids, unknownEntries }: SnapshotIds,
): boolean {
  if (unknownEntries > 0 || volumes.pendingPurge.size > 0) return false;
  const existing = new Set(ids);
  let [wanted, missing] = [0, 0];
  const want = (id: number) => {
    wanted += 1;
    if (!existing.has(id)) missing += 1;
  };
  for (const id of volumes.retained.keys()) want(id);
  for (const [id, volume] of volumes.wanted) if (driver.occupies(volume)) want(id);
  return missing === 0 && wanted === existing.size;
}

interface Context {
  readonly journal: Pick<Journal, 'durable'>;
  readonly driver: Pick<VolumeDriver, 'occupies' | 'scan'>;
  readonly logger: Logger;
  /** Has the reconciler compare everything soon, under its lock: the scan is not of one moment. */
  readonly reconcile: (volumes: number) => void;
}

/**
 * Scans the volumes while the store serves, after a start that needed only their ids, and calls the reconciler if any of
 * those that the store was opened with was changed. Failures are logged.
 */
export function verifyVolumes({ journal, driver, logger, reconcile }: Context): { close(): Promise<void> } {
  const closing = new AbortController();
  const { lastId } = journal.durable.storeInfo;
  const verify = async () => {
    const found = await driver.scan(closing.signal);
    const changed = await countChanged(
      journal.durable,
      driver,
      found.filter(({ id }) => id !== null && id <= lastId),
    );
    if (changed === 0 || closing.signal.aborted) return;
    logger.warn({ volumes: changed }, 'volumes changed while the daemon was stopped; reconciling');
    reconcile(changed);
  };
  const verified = verify().catch((error) => {
    if (!closing.signal.aborted)
      logger.error({ error: errorText(error) }, 'volumes not verified: run `snapledger reconcile`');
  });
  return {
    close: () => {
      closing.abort();
      return verified;
    },
  };
}

/** volumes between two yields to the event loop */
const slice = 2_000;

/** How many of the volumes are wanted, but not complete. Volumes of ids that the state does not want are ignored. */
export async function countChanged(
  { volumes }: State,
  driver: Pick<VolumeDriver, 'occupies'>,
  found: readonly Found[],
): Promise<number> {
  let count = 0;
  for (const [at, volume] of found.entries()) {
    if (at % slice === slice - 1) await yieldToLoop();
    const id = volume.id ?? Number.NaN;
    const kind = volumes.retained.has(id) ? 'committed' : volumes.wanted.get(id)?.kind;
    if (kind !== undefined && driver.occupies({ kind }) && !isComplete(kind, volume)) count += 1;
  }
  return count;
}

function isComplete(kind: Kind, { layer, complete, frozen, writable }: Found): boolean {
  if (!layer || frozen) return false;
  return kind === 'committed' ? !writable : complete;
}
