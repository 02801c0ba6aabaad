import * as either from 'fp-ts/lib/Either.js';
import type { Envelope } from '../../../events/envelope.ts';
import { fromRows } from '../../../projections/checkpoint-rows.ts';
import { emptyState, evolve, type MutableState } from '../../../projections/state.ts';
import type { CheckpointStore } from '../../ports/checkpoint-store.ts';
import type { EventLog, Gone } from '../../ports/event-log.ts';
import { Fault } from '../../ports/fault.ts';
import type { Logger } from '../../ports/logger.ts';

/** The state at the log's end, and how it was loaded. */
export interface LoadedState {
  readonly state: MutableState;
  /** position of the checkpoint it began with, 0 for none */
  readonly checkpoint: number;
  /** events folded in after it */
  readonly replayed: number;
  /** the last of them, if any */
  readonly last?: Envelope;
}

type Readable = Pick<EventLog, 'end' | 'gone' | 'read' | 'chainHashAt'>;

/**
 * Loads the newest complete checkpoint that this log contains, and folds in every event after it. Throws a Fault if a
 * checkpoint is ahead of the log, or of another history: acknowledged events would be lost silently. With `upTo` the state is
 * that after an earlier position.
 */
export async function loadState(
  log: Readable,
  checkpoints: Pick<CheckpointStore, 'load'>,
  logger: Logger,
  upTo = Number.POSITIVE_INFINITY,
): Promise<LoadedState> {
  const state = await checkpointed(log, checkpoints, { logger, upTo });
  const checkpoint = state.position;
  if (checkpoint >= upTo) return { state, checkpoint, replayed: 0 };
  let last: Envelope | undefined;
  for await (const envelopes of log.read(checkpoint)) {
    for (const envelope of envelopes) {
      if (envelope.position > upTo) break;
      if (envelope.position !== state.position + 1)
        throw expired(log) ?? unbridged(state.position + 1, envelope.position - 1);
      evolve(state, envelope);
      last = envelope;
    }
    if (state.position >= upTo) break;
  }
  return { state, checkpoint, replayed: state.position - checkpoint, ...(last !== undefined && { last }) };
}

async function checkpointed(
  log: Readable,
  checkpoints: Pick<CheckpointStore, 'load'>,
  { logger, upTo }: { logger: Logger; upTo: number },
): Promise<MutableState> {
  const damaged = (file: string, why: string) => logger.warn({ file, why }, 'checkpoint skipped');
  for await (const { at, rows } of checkpoints.load(damaged, upTo)) {
    if (at.position > log.end.position) throw ahead(at.position, log.end.position);
    const { upTo: gone = 0 } = log.gone ?? {};
    if (at.position < gone) continue;
    if (at.position > gone && (await log.chainHashAt(at.position)) !== at.chainHash) throw foreign(at.position);
    if (log.gone !== undefined)
      logger.warn(bridgedBy(at.position, log.gone), 'the log was opened without its first events');
    const state = fromRows(rows);
    if (either.isRight(state)) return state.right;
    damaged(`checkpoint at ${at.position}`, state.left);
  }
  return emptyState();
}

const bridgedBy = (checkpoint: number, { upTo, fault: { message, hint } }: Gone) => ({
  upTo,
  checkpoint,
  reason: message,
  hint,
});

const expired = ({ gone }: Readable) =>
  gone &&
  new Fault('corrupt', `${gone.fault.message}; no checkpoint holds the state after them`, {
    hint: gone.fault.hint,
    cause: gone.fault,
  });

/** A repaired log lacks positions: only a later checkpoint can replace them. */
const unbridged = (first: number, last: number) =>
  new Fault(
    'corrupt',
    `positions ${first} to ${last} of the log are lost, and no readable checkpoint holds the state after them`,
    {
      hint: `the repair that left them out kept one in the log directory, as POSITION.base, and its original in damaged-${first}: bring it back, or run the release that made it`,
    },
  );

const ahead = (checkpoint: number, end: number) =>
  new Fault(
    'corrupt',
    `the log ends at position ${end}, but a checkpoint shows that it once held position ${checkpoint}`,
    {
      hint: 'restore the newer log; or see what `snapledger repair --dry-run` would take from the checkpoint; to continue with this older log only, delete the checkpoints directory: volumes that it does not explain are then quarantined',
    },
  );

const foreign = (position: number) =>
  new Fault(
    'corrupt',
    `the log's history at position ${position} is not the one that the checkpoint there was made of`,
    {
      hint: 'restore the log that belongs to this root; if this one is right, delete the checkpoints directory and everything is replayed',
    },
  );
