import { type ErrnoName, errnoError } from '../../src/ports/errno.ts';
import { faultCode, isTransient } from '../../src/ports/fault.ts';
import type { Row } from './undo-table.ts';

/** Errors of disks and of exhausted limits. EIO and ENOSPC have rows at every step in the undo table. */
const errnos = ['EDQUOT', 'EROFS', 'ESTALE', 'EUCLEAN', 'EBADMSG', 'EMFILE', 'ENFILE', 'ENOMEM'] as const;

const removed = { index: ['base committed'], disk: ['1'] } as const;

/** The driver fails to create, flush or freeze: the operation is undone, and succeeds when repeated without the error. */
function refusedByDriver(error: ErrnoName): readonly Row[] {
  const caller = faultCode(errnoError(error, error));
  const undone = ['SnapshotPrepared', 'PrepareUndone', 'VolumePurged'];
  return [
    { step: 'prepare.volume', error, operation: 'prepare', caller, logged: undone, again: 'done' },
    { step: 'commit.flush', error, operation: 'commit', caller, logged: ['CommitUndone'], again: 'done' },
    { step: 'commit.freeze', error, operation: 'commit', caller, logged: ['CommitUndone'], again: 'done' },
  ];
}

/** A failure of background work is reported and retried until it succeeds. */
function retried(error: ErrnoName): readonly Row[] {
  const logged = ['SnapshotRemoved', 'VolumePurged'];
  const purge = {
    operation: 'remove',
    caller: 'done',
    said: 'purge failed',
    logged,
    again: 'not-found',
    ...removed,
  } as const;
  const said = 'checkpoint failed: a restart will take longer';
  const checkpoint = { operation: 'close', caller: 'done', said, logged: ['StoreClosed'], again: 'done' } as const;
  return [
    { step: 'remove.purge', error, ...purge },
    { step: 'checkpoint.write', error, ...checkpoint },
    { step: 'checkpoint.rename', error, ...checkpoint },
  ];
}

/** A failed write is truncated; the log continues after a transient error. A failed flush always stops it. */
function ofLog(error: ErrnoName): readonly Row[] {
  const thrown = errnoError(error, error);
  const caller = faultCode(thrown);
  const stopped = { again: 'stopped', restarted: 'done' } as const;
  const refused = { error, caller, logged: [], ...(isTransient(thrown) ? ({ again: 'done' } as const) : stopped) };
  const left = isTransient(thrown) ? {} : { disk: ['1', '2', '3'] };
  return [
    { step: 'log.write', operation: 'prepare', ...refused, ...left },
    { step: 'log.write', operation: 'commit', ...refused },
    { step: 'log.write', operation: 'remove', ...refused },
    { step: 'log.write', operation: 'update', ...refused },
    { step: 'log.rotate', operation: 'prepare', ...refused, ...left, segmentBytes: 1 },
    {
      step: 'log.sync',
      error,
      operation: 'prepare',
      caller: 'io',
      logged: ['SnapshotPrepared'],
      disk: ['1', '2', '3'],
      again: 'stopped',
      restarted: 'already-exists',
    },
  ];
}

/** The expected results of each errno at each kind of step. */
export const errnoRows: readonly Row[] = errnos.flatMap((error) => [
  ...refusedByDriver(error),
  ...retried(error),
  ...ofLog(error),
]);
