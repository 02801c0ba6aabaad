import type { Event } from '../../../events/registry.ts';
import type { Failpoint } from '../../ports/failpoints.ts';
import { errorText, Fault } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';
import type { VolumeDriver } from '../../ports/volume-driver.ts';
import { reconcilerActor } from '../actors.ts';
import type { Journal } from '../store/journal.ts';
import type { Action } from './action.ts';

interface Context {
  readonly journal: Journal;
  readonly driver: VolumeDriver;
  readonly logger: Logger;
  readonly failpoint: Failpoint;
  /** Whether to leave the rest to the next start. */
  readonly stopping?: () => boolean;
}

/**
 * Does the actions in order and records each when it is on stable storage. One that the disk refuses is logged and left for the next time; the others go
 * on. Purges are the purger's: they are in the plan to be shown. Resolves with how many failed. Rejects if the log fails,
 * and with a Fault (`stopped`) if the store stops.
 */
export async function apply(
  actions: readonly Action[],
  { journal, driver, logger, failpoint, stopping = () => false }: Context,
): Promise<number> {
  let failed = 0;
  for (const action of actions) {
    if (action.type === 'purge') continue;
    let events: readonly Event[];
    if (stopping()) throw cutShort();
    try {
      failpoint('reconcile.act');
      events = await perform(action, driver, journal.latest.position);
    } catch (error) {
      if (stopping()) throw cutShort();
      failed += 1;
      logger.error(
        { action: action.type, id: action.id, why: action.why, error: errorText(error) },
        'reconcile failed',
      );
      continue;
    }
    logger.warn({ action: action.type, id: action.id, why: action.why }, 'reconciled');
    failpoint('reconcile.record');
    if (events.length > 0) await journal.record(events, { actor: reconcilerActor, reserve: true });
  }
  return failed;
}

const cutShort = () =>
  new Fault('stopped', 'reconciliation was cut short: the daemon stops', {
    hint: 'the next start reconciles the rest',
  });

async function perform(
  action: Exclude<Action, { type: 'purge' }>,
  driver: VolumeDriver,
  position: number,
): Promise<readonly Event[]> {
  const { id, why } = action;
  switch (action.type) {
    case 'recreate':
    case 'complete':
      if (action.volume.empty !== undefined) await driver.purge(action.id);
      await driver.create(action.volume);
      await driver.syncMetadata();
      return [{ type: 'VolumeRecreated', data: { id: action.id, why } }];
    case 'declare-lost':
      return [{ type: 'VolumeLost', data: { id: action.id, key: action.key, why } }];
    case 'undo-prepare': {
      const left = `snapshots/${id}`;
      return [
        {
          type: 'PrepareUndone',
          data: { id: action.id, key: action.key, step: 'create', error: why, left, done: 'purge' },
        },
      ];
    }
    case 'end-retention':
      return [{ type: 'RetentionEnded', data: { id: action.id, key: action.key, why } }];
    case 'undo-commit':
      await driver.unfreeze(action.volume);
      return [undone(action)];
    case 'finish-commit':
      await driver.dropActive(action.volume);
      return [];
    case 'quarantine': {
      const moved = await driver.quarantine(action.found, quarantineName(action.path, position));
      await driver.syncMetadata();
      return [{ type: 'OrphanQuarantined', data: { path: action.path, id, moved, why } }];
    }
    case 'discard': {
      const bytes = await driver.discard(action.found);
      await driver.syncMetadata();
      return [{ type: 'OrphanPurged', data: { path: action.path, id, why, bytes } }];
    }
    default:
      return action satisfies never;
  }
}

const undone = ({ id, key, why }: Extract<Action, { type: 'undo-commit' | 'finish-commit' }>): Event => ({
  type: 'CommitUndone',
  data: { id, key, name: '', step: 'append', error: why, left: `snapshots/${id}`, done: 'unfreeze' },
});

/** The name in quarantine of what was at a path: the log's position, and the old name in plain characters. */
export function quarantineName(path: string, position: number): string {
  const plain = path
    .replace(/^snapshots\//, '')
    .replace(/[^A-Za-z0-9._-]/g, '_')
    .slice(0, 64);
  return `${position}-${plain}`;
}
