import type { State } from '../../projections/state.ts';
import { loadState } from '../app/load-state.ts';
import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import { silent } from '../ports/logger.ts';
import { type RootOptions, storeRoot } from './store-root.ts';
import type { ReadableLog, World } from './world.ts';

/** The state of a store as its files show it now, whether a daemon runs or not. */
export async function loadStore(options: RootOptions, world: World): Promise<State> {
  const root = storeRoot(options);
  const log = await world.openLog(root);
  try {
    return await stateOf(log, await world.openCheckpoints(root));
  } finally {
    await log.close();
  }
}

/**
 * A daemon may have written a checkpoint after the log was opened here: one that is ahead of what is read is passed over,
 * not called damage as at a start.
 */
export async function stateOf(log: ReadableLog, checkpoints: CheckpointStore): Promise<State> {
  const behind: Pick<CheckpointStore, 'load'> = {
    async *load(damaged) {
      for await (const checkpoint of checkpoints.load(damaged))
        if (checkpoint.place.position <= log.end.position) yield checkpoint;
    },
  };
  return (await loadState(log, behind, silent)).state;
}
