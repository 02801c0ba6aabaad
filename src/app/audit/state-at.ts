import * as either from 'fp-ts/lib/Either.js';
import type { State } from '../../../projections/state.ts';
import { Fault } from '../../ports/fault.ts';
import { silent } from '../../ports/logger.ts';
import type { ReadableLog } from '../../ports/readable-log.ts';
import type { StoreFiles } from '../../ports/store-files.ts';
import { loadState } from '../recovery/load-state.ts';
import { parseMoment } from './moment.ts';
import { positionOf } from './position-of.ts';

/** Nanoseconds since 1970 UTC, to the millisecond: for what is looked at, not for what is recorded. */
export const wallClock = (): bigint => BigInt(Date.now()) * 1_000_000n;

/**
 * The state of a store as its files show it now, or after a moment of its log (`at`: a position or a time). Rejects with a
 * Fault (`misuse`) for a moment that does not parse or that the log does not have.
 */
export async function stateOfStore(files: StoreFiles, at?: string): Promise<State> {
  const log = await files.openLog();
  try {
    const position = at === undefined ? log.end.position : await positionNamed(log, at);
    return await stateAt(files, log, position);
  } finally {
    await log.close();
  }
}

/** The position that a text means, as `positionOf`. */
export async function positionNamed(log: ReadableLog, text: string): Promise<number> {
  const now = wallClock();
  const moment = parseMoment(text, now);
  if (either.isRight(moment)) return positionOf(log, moment.right, now);
  throw new Fault('misuse', moment.left, { hint: '`snapledger log` shows positions and times' });
}

/** The state after a position of an opened log. A checkpoint ahead of it is passed over, not called damage as at a start. */
export async function stateAt(
  files: Pick<StoreFiles, 'openCheckpoints'>,
  log: ReadableLog,
  position: number,
): Promise<State> {
  const { gone } = log;
  if (gone !== undefined && position < gone.upTo)
    throw new Fault('missing', `position ${position} is not in the log any more: ${gone.fault.message}`, {
      hint: gone.fault.hint,
    });
  return (await loadState(log, await files.openCheckpoints(), silent, position)).state;
}
