import type { State } from '../../../projections/state.ts';
import { Fault } from '../../ports/fault.ts';
import { silent } from '../../ports/logger.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import { loadState } from '../recovery/load-state.ts';
import { positionNamed } from './moment.ts';

/** Opens the log of a store and closes it after `fn`. */
export async function withLog<T>(files: Pick<StoreFiles, 'openLog'>, fn: (log: ReadableLog) => Promise<T>): Promise<T> {
  const log = await files.openLog();
  return fn(log).finally(() => log.close());
}

/**
 * The state of a store as its files show it now, or after a moment of its log (`at`: a position or a time). Rejects with a
 * Fault (`misuse`) for a moment that is invalid or not in the log.
 */
export const stateOfStore = (files: StoreFiles, at?: string): Promise<State> =>
  withLog(files, async (log) =>
    stateAt(files, log, at === undefined ? log.end.position : await positionNamed(log, at)),
  );

/** The state after a position of an opened log. A checkpoint ahead of the position is skipped; at a start it would mean damage. */
export async function stateAt(
  files: Pick<StoreFiles, 'openCheckpoints' | 'stateAfter'>,
  log: ReadableLog,
  position: number,
): Promise<State> {
  const { gone } = log;
  if (gone !== undefined && position < gone.upTo)
    throw new Fault('missing', `position ${position} is no longer in the log: ${gone.fault.message}`, {
      hint: gone.fault.hint,
    });
  if (files.stateAfter !== undefined) return files.stateAfter(position);
  return (await loadState(log, await files.openCheckpoints(), silent, position)).state;
}

/** The position of the newest complete checkpoint up to a position, 0 for none. */
export async function newestCheckpoint(files: Pick<StoreFiles, 'openCheckpoints'>, upTo: number): Promise<number> {
  for await (const { at } of (await files.openCheckpoints()).load(() => {}, upTo)) return at.position;
  return 0;
}
