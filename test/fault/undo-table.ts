import type { RefusalCode } from '../../src/domain/refusal.ts';
import type { ErrnoName } from '../../src/ports/errno.ts';
import type { Step } from '../../src/ports/failpoints.ts';
import type { FaultCode } from '../../src/ports/fault.ts';

/** How a deed was answered: done, refused, or failed. */
export type Outcome = 'done' | RefusalCode | FaultCode;

/**
 * What follows where a step fails, in a store that holds the committed `base` (1) and the active `k` (2) upon it. Deeds:
 * prepare `new` on `base`, or on nothing; commit `k` as `n`; remove `k`; relabel `k`; reconcile a stray directory; close or open
 * the store. With `retained` it holds the removed layer `old` (3) too, which can be restored, or given up by a start without retention.
 */
export interface Row {
  readonly step: Step;
  readonly error: ErrnoName;
  readonly deed:
    | 'prepare'
    | 'prepare without parent'
    | 'commit'
    | 'remove'
    | 'update'
    | 'reconcile'
    | 'close'
    | 'open'
    | 'restore'
    | 'open without retention';
  /** steps that fail as well, so that this one is reached: always, or at the first time alone */
  readonly also?: readonly `${Step}=error(${'EIO' | 'ENOSPC'})${'' | '@1'}`[];
  /** what the caller is told */
  readonly caller: Outcome;
  /** a message for the operator */
  readonly said?: string;
  /** events that the log holds in the end, background work included */
  readonly logged: readonly string[];
  /** snapshots in the end, where they are not those of before */
  readonly index?: readonly string[];
  /** volumes in the end, where they are not those of before */
  readonly disk?: readonly string[];
  /** the same deed, asked for again */
  readonly again: Outcome;
  /** the same deed, asked for again after a restart, where that matters: the log had stopped */
  readonly restarted?: Outcome;
  /** `k` has a subvolume inside, where the driver knows such things */
  readonly nested?: true;
  /** the store retains a removed layer */
  readonly retained?: true;
  /** so small that the next event begins a new segment */
  readonly segmentBytes?: number;
}

const withNew = { index: ['base committed', 'k active', 'new active'], disk: ['1', '2', '3'] };
const withoutK = { index: ['base committed'], disk: ['1'] };
const withOld = { retained: true, disk: ['1', '2', '3'] } as const;
const committedK = { index: ['base committed', 'n committed'] };

/** The disk refuses a prepare: it is undone, and the key free again. */
const prepareUndone = {
  deed: 'prepare',
  logged: ['SnapshotPrepared', 'PrepareUndone', 'VolumePurged'],
  again: 'done',
} as const;
const refusedPrepare = (step: Step): readonly Row[] => [
  { step, error: 'EIO', caller: 'io', ...prepareUndone },
  { step, error: 'ENOSPC', caller: 'no-space', ...prepareUndone },
];
/** The disk refuses a commit: the active is as it was. */
const refusedCommit = (step: Step): readonly Row[] => [
  { step, error: 'EIO', deed: 'commit', caller: 'io', logged: ['CommitUndone'], again: 'done' },
  { step, error: 'ENOSPC', deed: 'commit', caller: 'no-space', logged: ['CommitUndone'], again: 'done' },
];
/** The log refuses at once: nothing has happened. */
const refusedAppend = (step: Step, deed: Row['deed']): readonly Row[] => [
  { step, error: 'EIO', deed, caller: 'io', logged: [], again: 'done' },
  { step, error: 'ENOSPC', deed, caller: 'no-space', logged: [], again: 'done' },
];
/** The answer is lost: what it would have told is so. */
const lostAnswer = { error: 'EIO', caller: 'io' } as const;
/** What nobody waits for is told to the operator and tried again until it succeeds. */
const purgedAtLast = {
  error: 'EIO',
  deed: 'remove',
  caller: 'done',
  said: 'purge failed',
  logged: ['SnapshotRemoved', 'VolumePurged'],
  again: 'not-found',
  ...withoutK,
} as const;
const finishedAtLast = {
  error: 'EIO',
  deed: 'commit',
  caller: 'done',
  said: 'active not dropped',
  logged: ['SnapshotCommitted'],
  ...committedK,
  again: 'not-found',
} as const;
/** The log gave a prepare back, and the disk does not: the volume is recorded for a later purge, at once or as soon as the log takes that. */
const givenBack = {
  error: 'EIO',
  deed: 'prepare',
  caller: 'no-space',
  said: 'undo failed',
  logged: ['PrepareUndone', 'VolumePurged'],
  again: 'done',
} as const;
const withoutParent = (row: Row): Row => ({ ...row, deed: 'prepare without parent' });
/** The log fails with an unknown outcome: it takes nothing until a restart. */
const stopped = { error: 'EIO', caller: 'io', logged: [], again: 'stopped' } as const;

const common: readonly Row[] = [
  ...refusedAppend('prepare.append', 'prepare'),
  ...refusedPrepare('prepare.volume'),
  ...refusedPrepare('prepare.made'),
  {
    step: 'prepare.answer',
    ...lostAnswer,
    deed: 'prepare',
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
    deed: 'commit',
    logged: ['SnapshotCommitted'],
    ...committedK,
    again: 'not-found',
  },
  { ...finishedAtLast, step: 'commit.drop' },
  ...refusedAppend('remove.append', 'remove'),
  {
    step: 'remove.answer',
    ...lostAnswer,
    deed: 'remove',
    logged: ['SnapshotRemoved', 'VolumePurged'],
    ...withoutK,
    again: 'not-found',
  },
  { step: 'remove.purge', ...purgedAtLast },
  { step: 'remove.purged', ...purgedAtLast },
  ...refusedAppend('update.append', 'update'),
  { step: 'update.answer', ...lostAnswer, deed: 'update', logged: ['SnapshotUpdated'], again: 'done' },
  {
    step: 'undo.prepare',
    also: ['prepare.volume=error(EIO)'],
    error: 'EIO',
    caller: 'io',
    said: 'undo failed',
    ...prepareUndone,
  },
  { step: 'undo.volume', also: ['log.write=error(ENOSPC)@1'], ...givenBack },
  { step: 'undo.volume', also: ['log.write=error(ENOSPC)'], ...givenBack },
  { step: 'undo.record', also: ['log.write=error(ENOSPC)@1', 'undo.volume=error(EIO)'], ...givenBack },
  {
    step: 'undo.commit',
    also: ['commit.freeze=error(EIO)'],
    error: 'EIO',
    deed: 'commit',
    caller: 'io',
    said: 'undo failed',
    logged: ['CommitUndone'],
    again: 'done',
  },
  {
    step: 'reconcile.act',
    error: 'EIO',
    deed: 'reconcile',
    caller: 'done',
    said: 'reconcile failed',
    logged: [],
    disk: ['1', '2', '99'],
    again: 'done',
  },
  { step: 'reconcile.record', error: 'EIO', deed: 'reconcile', caller: 'io', logged: [], again: 'done' },
  { step: 'store.open', error: 'EIO', deed: 'open', caller: 'io', logged: ['StoreClosed'], again: 'done' },
  {
    step: 'store.close',
    error: 'EIO',
    deed: 'close',
    caller: 'done',
    said: 'closing not recorded: the next start will look like one after a crash',
    logged: [],
    again: 'done',
  },
  ...refusedAppend('restore.append', 'restore').map((row): Row => ({ ...row, ...withOld })),
  {
    step: 'restore.answer',
    ...lostAnswer,
    deed: 'restore',
    ...withOld,
    logged: ['SnapshotRestored'],
    index: ['base committed', 'k active', 'old committed'],
    again: 'already-exists',
  },
  {
    step: 'retention.end',
    error: 'EIO',
    deed: 'open without retention',
    retained: true,
    caller: 'done',
    said: 'retention not ended: tried again',
    logged: ['StoreClosed', 'StoreOpened', 'RetentionEnded', 'VolumePurged'],
    again: 'done',
  },
  { step: 'log.write', ...stopped, deed: 'prepare', disk: ['1', '2', '3'], restarted: 'done' },
  { step: 'log.write', ...stopped, deed: 'commit', restarted: 'done' },
  { step: 'log.write', ...stopped, deed: 'remove', restarted: 'done' },
  { step: 'log.write', ...stopped, deed: 'update', restarted: 'done' },
  ...(['prepare', 'commit', 'remove', 'update'] as const).map(
    (deed): Row => ({ step: 'log.write', error: 'ENOSPC', deed, caller: 'no-space', logged: [], again: 'done' }),
  ),
  // The bytes were written: whether they are on the disk only the next start can tell, and it finds them.
  {
    step: 'log.sync',
    ...stopped,
    deed: 'prepare',
    logged: ['SnapshotPrepared'],
    disk: ['1', '2', '3'],
    restarted: 'already-exists',
  },
  { step: 'log.sync', ...stopped, deed: 'commit', logged: ['SnapshotCommitted'], restarted: 'not-found' },
  { step: 'log.sync', ...stopped, deed: 'remove', logged: ['SnapshotRemoved'], restarted: 'not-found' },
  { step: 'log.sync', ...stopped, deed: 'update', logged: ['SnapshotUpdated'], restarted: 'done' },
  { step: 'log.rotate', ...stopped, deed: 'prepare', disk: ['1', '2', '3'], restarted: 'done', segmentBytes: 1 },
  {
    step: 'log.rotate',
    error: 'ENOSPC',
    deed: 'prepare',
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
        deed: 'close',
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
    ...refusedCommit('btrfs.freeze.nested').map((row): Row => ({ ...row, nested: true })),
    ...refusedCommit('btrfs.freeze.done').map((row): Row => ({ ...row, nested: true })),
    { ...finishedAtLast, step: 'btrfs.drop-active' },
    { step: 'btrfs.purge', ...purgedAtLast },
  ],
};

/** The table for one driver: every step that it can reach has a row. */
export function undoTable(driver: string): readonly Row[] {
  return [...common, ...(ofDriver[driver] ?? [])];
}
