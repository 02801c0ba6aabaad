import { join } from 'node:path';
import * as either from 'fp-ts/lib/Either.js';
import { fromRows } from '../../projections/checkpoint-rows.ts';
import { readCheckpoint } from '../adapters/checkpoint-store/checkpoint-file.ts';
import { checkpointFiles } from '../adapters/checkpoint-store/file-checkpoint-store.ts';
import type { KnownState } from '../adapters/event-log/file/repair/bridge.ts';
import { type Repair, repairLog } from '../adapters/event-log/file/repair/repair-log.ts';
import { inspectLog } from '../adapters/event-log/file/verify/inspect-log.ts';
import { readIdentity } from '../adapters/system/root/root-directory.ts';
import { createSystem } from '../adapters/system/system.ts';
import { operatorActor } from '../app/actors.ts';
import { stampEvents } from '../app/store/journal.ts';
import { Fault } from '../ports/fault.ts';
import { withRootLock } from './stopped-store.ts';

/** Repairs the log of a store under its lock, or tells what that would do. Rejects with a Fault (`busy`) while a daemon runs. */
export function repairStopped(root: string, dryRun: boolean): Promise<Repair> {
  return withRootLock(root, dryRun ? undefined : 'repair', () => repairLocked(root, dryRun));
}

async function repairLocked(root: string, dryRun: boolean): Promise<Repair> {
  const store = readIdentity(root)?.store ?? (await inspectLog(join(root, 'log'))).store;
  if (store === '')
    throw new Fault('corrupt', `root ${root}: nothing tells which store it is`, {
      hint: `write ${join(root, 'store')} again: {"store":"<its id>","driver":"<its driver>"}`,
    });
  return repairLog({
    ...{ root, store, dryRun },
    states: () => knownStates(root, store),
    stamp: (facts, after) => stampEvents(facts, { store, after, clock: createSystem().now, actor: operatorActor }),
  });
}

/** All whole checkpoints that this release can read and that are of this store. */
async function knownStates(root: string, store: string): Promise<readonly KnownState[]> {
  const states: KnownState[] = [];
  for (const path of await checkpointFiles(join(root, 'checkpoints'), join(root, 'log'))) {
    const checkpoint = await readCheckpoint(path);
    if (either.isLeft(checkpoint)) continue;
    const { at, rows } = checkpoint.right;
    const state = fromRows(rows);
    if (either.isLeft(state) || state.right.storeInfo.id !== store) continue;
    states.push({ ...at, path, lastId: state.right.storeInfo.lastId });
  }
  return states;
}
