import type { RefusalCode } from '../../src/domain/commands.ts';
import type { ErrnoName } from '../../src/ports/errno.ts';
import type { Step } from '../../src/ports/failpoints.ts';
import type { FaultCode } from '../../src/ports/fault.ts';

/** The outcome of an operation: done, refused or failed. */
export type Outcome = 'done' | RefusalCode | FaultCode;

/**
 * The expected result when a step fails, in a store with the committed `base` (id 1) and the active `k` (id 2) on it. Operations:
 * prepare `new` on `base`, or on nothing; commit `k` as `n`, or with the parent `base`; remove `k`; update the labels of `k`; reconcile a stray directory; close or open
 * the store. With `retained` the store also has the removed layer `old` (id 3), which can be restored, or is evicted by a start without retention.
 */
export interface Row {
  readonly step: Step;
  readonly error: ErrnoName;
  readonly operation:
    | 'prepare'
    | 'prepare without parent'
    | 'commit'
    | 'commit with parent'
    | 'remove'
    | 'update'
    | 'reconcile'
    | 'close'
    | 'open'
    | 'restore'
    | 'open without retention';
  /** further steps that fail so that this one is reached: always, or only the first time */
  readonly also?: readonly `${Step}=error(${'EIO' | 'ENOSPC'})${'' | '@1'}`[];
  /** the answer to the caller */
  readonly caller: Outcome;
  /** a message for the operator */
  readonly said?: string;
  /** events in the log at the end, including those of background work */
  readonly logged: readonly string[];
  /** snapshots at the end; default: unchanged */
  readonly index?: readonly string[];
  /** volumes at the end; default: unchanged */
  readonly disk?: readonly string[];
  /** the outcome of the same operation, repeated */
  readonly again: Outcome;
  /** the outcome of the same operation after a restart, if the log had stopped */
  readonly restarted?: Outcome;
  /** `k` contains a nested subvolume, if the driver supports them */
  readonly nested?: true;
  /** `k` is a layer to rebase, without parent */
  readonly unpacked?: true;
  /** the store retains a removed layer */
  readonly retained?: true;
  /** set to a size at which the next event starts a new segment */
  readonly segmentBytes?: number;
}

const withNew = { index: ['base committed', 'k active', 'new active'], disk: ['1', '2', '3'] };
const withoutK = { index: ['base committed'], disk: ['1'] };
const withOld = { retained: true, disk: ['1', '2', '3'] } as const;
const committedK = { index: ['base committed', 'n committed'] };

/** The driver fails a prepare: it is undone, and the key is free again. */
const prepareUndone = {
  operation: 'prepare',
  logged: ['SnapshotPrepared', 'PrepareUndone', 'VolumePurged'],
  again: 'done',
} as const;
const refusedPrepare = (step: Step): readonly Row[] => [
  { step, error: 'EIO', caller: 'io', ...prepareUndone },
  { step, error: 'ENOSPC', caller: 'no-space', ...prepareUndone },
];
/** The driver fails a commit: the active snapshot is unchanged. */
const refusedCommit = (step: Step): readonly Row[] => [
  { step, error: 'EIO', operation: 'commit', caller: 'io', logged: ['CommitUndone'], again: 'done' },
  { step, error: 'ENOSPC', operation: 'commit', caller: 'no-space', logged: ['CommitUndone'], again: 'done' },
];
/** The log rejects the append at once: nothing has changed. */
const refusedAppend = (step: Step, operation: Row['operation']): readonly Row[] => [
  { step, error: 'EIO', operation, caller: 'io', logged: [], again: 'done' },
  { step, error: 'ENOSPC', operation, caller: 'no-space', logged: [], again: 'done' },
];
/** Only the answer is lost: the operation has taken effect. */
const lostAnswer = { error: 'EIO', caller: 'io' } as const;
/** A failure of background work is reported to the operator and retried until it succeeds. */
const purgedAtLast = {
  error: 'EIO',
  operation: 'remove',
  caller: 'done',
  said: 'purge failed',
  logged: ['SnapshotRemoved', 'VolumePurged'],
  again: 'not-found',
  ...withoutK,
} as const;
const finishedAtLast = {
  error: 'EIO',
  operation: 'commit',
  caller: 'done',
  said: 'active not dropped',
  logged: ['SnapshotCommitted'],
  ...committedK,
  again: 'not-found',
} as const;
/** The log rolled a prepare back, and the driver cannot delete its volume: a purge is recorded, at once or as soon as the log accepts it. */
const rolledBack = {
  error: 'EIO',
  operation: 'prepare',
  caller: 'no-space',
  said: 'undo failed',
  logged: ['PrepareUndone', 'VolumePurged'],
  again: 'done',
} as const;
const rebased = (row: Row): Row => ({ ...row, operation: 'commit with parent', unpacked: true });
const withoutParent = (row: Row): Row => ({ ...row, operation: 'prepare without parent' });
/** What fails of a volume made ahead is made up for. */
const ahead = { operation: 'prepare without parent', caller: 'done', again: 'already-exists' } as const;
/** The log fails with an unknown outcome: it accepts nothing until a restart. */
const stopped = { error: 'EIO', caller: 'io', logged: [], again: 'stopped' } as const;

const common: readonly Row[] = [
  ...refusedAppend('prepare.append', 'prepare'),
  ...refusedPrepare('prepare.volume'),
  ...refusedPrepare('prepare.made'),
  {
    step: 'prepare.answer',
    ...lostAnswer,
    operation: 'prepare',
    logged: ['SnapshotPrepared'],
    ...withNew,
    again: 'already-exists',
  },
  ...refusedCommit('commit.flush'),
  ...refusedCommit('commit.freeze'),
  ...refusedAppend('commit.append', 'commit'),
  {
    step: 'commit.answer',
    ...lostAnswer,
    operation: 'commit',
    logged: ['SnapshotCommitted'],
    ...committedK,
    again: 'not-found',
  },
  { ...finishedAtLast, step: 'commit.drop' },
  ...refusedAppend('remove.append', 'remove'),
  {
    step: 'remove.answer',
    ...lostAnswer,
    operation: 'remove',
    logged: ['SnapshotRemoved', 'VolumePurged'],
    ...withoutK,
    again: 'not-found',
  },
  { step: 'remove.purge', ...purgedAtLast },
  { step: 'remove.purged', ...purgedAtLast },
  ...refusedAppend('update.append', 'update'),
  { step: 'update.answer', ...lostAnswer, operation: 'update', logged: ['SnapshotUpdated'], again: 'done' },
  {
    step: 'undo.prepare',
    also: ['prepare.volume=error(EIO)'],
    error: 'EIO',
    caller: 'io',
    said: 'undo failed',
    ...prepareUndone,
  },
  { step: 'undo.volume', also: ['log.write=error(ENOSPC)@1'], ...rolledBack },
  { step: 'undo.volume', also: ['log.write=error(ENOSPC)'], ...rolledBack },
  { step: 'undo.record', also: ['log.write=error(ENOSPC)@1', 'undo.volume=error(EIO)'], ...rolledBack },
  {
    step: 'undo.commit',
    also: ['commit.freeze=error(EIO)'],
    error: 'EIO',
    operation: 'commit',
    caller: 'io',
    said: 'undo failed',
    logged: ['CommitUndone'],
    again: 'done',
  },
  {
    step: 'reconcile.act',
    error: 'EIO',
    operation: 'reconcile',
    caller: 'done',
    said: 'reconcile failed',
    logged: [],
    disk: ['1', '2', '99'],
    again: 'done',
  },
  { step: 'reconcile.record', error: 'EIO', operation: 'reconcile', caller: 'io', logged: [], again: 'done' },
  { step: 'store.open', error: 'EIO', operation: 'open', caller: 'io', logged: ['StoreClosed'], again: 'done' },
  {
    step: 'store.close',
    error: 'EIO',
    operation: 'close',
    caller: 'done',
    said: 'closing not recorded: the next start will recover as after a crash',
    logged: [],
    again: 'done',
  },
  ...refusedAppend('restore.append', 'restore').map((row): Row => ({ ...row, ...withOld })),
  {
    step: 'restore.answer',
    ...lostAnswer,
    operation: 'restore',
    ...withOld,
    logged: ['SnapshotRestored'],
    index: ['base committed', 'k active', 'old committed'],
    again: 'already-exists',
  },
  {
    step: 'retention.end',
    error: 'EIO',
    operation: 'open without retention',
    retained: true,
    caller: 'done',
    said: 'eviction failed: will be retried',
    logged: ['StoreClosed', 'StoreOpened', 'RetentionEnded', 'VolumePurged'],
    again: 'done',
  },
  {
    step: 'pool.fill',
    ...ahead,
    error: 'EIO',
    said: 'no volumes are made ahead for a while',
    logged: ['SnapshotPrepared'],
    ...withNew,
  },
  { step: 'pool.take', ...ahead, error: 'EIO', logged: ['SnapshotPrepared'], ...withNew },
  { ...prepareUndone, step: 'pool.taken', error: 'EIO', operation: 'prepare without parent', caller: 'io' },
  {
    step: 'pool.taken',
    ...ahead,
    error: 'ENOSPC',
    logged: ['SnapshotPrepared', 'PrepareUndone', 'SnapshotPrepared', 'VolumePurged'],
    ...withNew,
    disk: ['1', '2', '4'],
  },
  { step: 'log.write', ...stopped, operation: 'prepare', disk: ['1', '2', '3'], restarted: 'done' },
  { step: 'log.write', ...stopped, operation: 'commit', restarted: 'done' },
  { step: 'log.write', ...stopped, operation: 'remove', restarted: 'done' },
  { step: 'log.write', ...stopped, operation: 'update', restarted: 'done' },
  ...(['prepare', 'commit', 'remove', 'update'] as const).map(
    (operation): Row => ({
      step: 'log.write',
      error: 'ENOSPC',
      operation,
      caller: 'no-space',
      logged: [],
      again: 'done',
    }),
  ),
  // The bytes were written; whether they are durable shows only at the next start, which finds them.
  {
    step: 'log.sync',
    ...stopped,
    operation: 'prepare',
    logged: ['SnapshotPrepared'],
    disk: ['1', '2', '3'],
    restarted: 'already-exists',
  },
  { step: 'log.sync', ...stopped, operation: 'commit', logged: ['SnapshotCommitted'], restarted: 'not-found' },
  { step: 'log.sync', ...stopped, operation: 'remove', logged: ['SnapshotRemoved'], restarted: 'not-found' },
  { step: 'log.sync', ...stopped, operation: 'update', logged: ['SnapshotUpdated'], restarted: 'done' },
  { step: 'log.rotate', ...stopped, operation: 'prepare', disk: ['1', '2', '3'], restarted: 'done', segmentBytes: 1 },
  {
    step: 'log.rotate',
    error: 'ENOSPC',
    operation: 'prepare',
    caller: 'no-space',
    logged: [],
    again: 'done',
    segmentBytes: 1,
  },
  ...(['checkpoint.write', 'checkpoint.rename'] as const).flatMap((step) =>
    (['EIO', 'ENOSPC'] as const).map(
      (error): Row => ({
        step,
        error,
        operation: 'close',
        caller: 'done',
        said: 'checkpoint failed: a restart will take longer',
        logged: ['StoreClosed'],
        again: 'done',
      }),
    ),
  ),
];

const ofDriver: Readonly<Record<string, readonly Row[]>> = {
  overlay: [
    ...refusedPrepare('overlay.create.directory'),
    ...refusedPrepare('overlay.create.fs'),
    ...refusedPrepare('overlay.create.work'),
    { step: 'overlay.purge', ...purgedAtLast },
  ],
  btrfs: [
    ...refusedPrepare('btrfs.create.directory'),
    ...refusedPrepare('btrfs.create.fs'),
    ...refusedPrepare('btrfs.create.mode').map(withoutParent),
    ...refusedPrepare('btrfs.create.name').map(withoutParent),
    ...refusedCommit('btrfs.freeze.snapshot'),
    ...refusedCommit('btrfs.freeze.clean').map((row): Row => ({ ...row, unpacked: true })),
    ...refusedCommit('btrfs.freeze.upper').map(rebased),
    ...refusedCommit('btrfs.freeze.merge').map(rebased),
    ...refusedCommit('btrfs.freeze.snapshot').map(rebased),
    rebased({ ...finishedAtLast, step: 'btrfs.drop-active' }),
    ...refusedCommit('btrfs.freeze.nested').map((row): Row => ({ ...row, nested: true })),
    ...refusedCommit('btrfs.freeze.done').map((row): Row => ({ ...row, nested: true })),
    { ...finishedAtLast, step: 'btrfs.drop-active' },
    { step: 'btrfs.purge', ...purgedAtLast },
  ],
};

/** The table for one driver: has a row for every step that the driver can reach. */
export function undoTable(driver: string): readonly Row[] {
  return [...common, ...(ofDriver[driver] ?? [])];
}
