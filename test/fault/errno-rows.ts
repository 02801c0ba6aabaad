import { type ErrnoName, errnoError } from '../../src/ports/errno.ts';
import { faultCode, isTransient } from '../../src/ports/fault.ts';
import type { Row } from './undo-table.ts';

/** What a disk answers, and a process or machine that has run out of something. EIO and ENOSPC have rows at every step anyway. */
const errnos = ['EDQUOT', 'EROFS', 'ESTALE', 'EUCLEAN', 'EBADMSG', 'EMFILE', 'ENFILE', 'ENOMEM'] as const;

const removed = { index: ['base committed'], disk: ['1'] } as const;

/** Refused where the volume is made, committed or flushed: undone, and the same works when the cause has ended. */
function refusedByDriver(error: ErrnoName): readonly Row[] {
  const caller = faultCode(errnoError(error, error));
  const undone = ['SnapshotPrepared', 'PrepareUndone', 'VolumePurged'];
  return [
    { step: 'prepare.volume', error, deed: 'prepare', caller, logged: undone, again: 'done' },
    { step: 'commit.flush', error, deed: 'commit', caller, logged: ['CommitUndone'], again: 'done' },
    { step: 'commit.freeze', error, deed: 'commit', caller, logged: ['CommitUndone'], again: 'done' },
  ];
}

/** What no caller waits for is reported, and tried again until it succeeds. */
function retried(error: ErrnoName): readonly Row[] {
  const logged = ['SnapshotRemoved', 'VolumePurged'];
  const purge = {
    deed: 'remove',
    caller: 'done',
    said: 'purge failed',
    logged,
    again: 'not-found',
    ...removed,
  } as const;
  const said = 'checkpoint failed: a restart will take longer';
  const checkpoint = { deed: 'close', caller: 'done', said, logged: ['StoreClosed'], again: 'done' } as const;
  return [
    { step: 'remove.purge', error, ...purge },
    { step: 'checkpoint.write', error, ...checkpoint },
    { step: 'checkpoint.rename', error, ...checkpoint },
  ];
}

/** A write that is refused is cut off again, and the log goes on where the cause can end; a flush that fails always stops it. */
function ofLog(error: ErrnoName): readonly Row[] {
  const thrown = errnoError(error, error);
  const caller = faultCode(thrown);
  const stopped = { again: 'stopped', restarted: 'done' } as const;
  const refused = { error, caller, logged: [], ...(isTransient(thrown) ? ({ again: 'done' } as const) : stopped) };
  const left = isTransient(thrown) ? {} : { disk: ['1', '2', '3'] };
  return [
    { step: 'log.write', deed: 'prepare', ...refused, ...left },
    { step: 'log.write', deed: 'commit', ...refused },
    { step: 'log.write', deed: 'remove', ...refused },
    { step: 'log.write', deed: 'update', ...refused },
    { step: 'log.rotate', deed: 'prepare', ...refused, ...left, segmentBytes: 1 },
    {
      step: 'log.sync',
      error,
      deed: 'prepare',
      caller: 'io',
      logged: ['SnapshotPrepared'],
      disk: ['1', '2', '3'],
      again: 'stopped',
      restarted: 'already-exists',
    },
  ];
}

/** What follows from each errno at each kind of step. */
export const errnoRows: readonly Row[] = errnos.flatMap((error) => [
  ...refusedByDriver(error),
  ...retried(error),
  ...ofLog(error),
]);
