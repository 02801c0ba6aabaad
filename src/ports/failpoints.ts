/**
 * The names of all steps at which tests can make an operation fail or the daemon die. A step that is missing here fails the type
 * check; a step here that no test reaches fails the fault suite.
 */
export const steps = [
  'prepare.append',
  'prepare.volume',
  'prepare.made',
  'prepare.answer',
  'commit.flush',
  'commit.freeze',
  'commit.append',
  'commit.answer',
  'commit.drop',
  'remove.append',
  'remove.answer',
  'remove.purge',
  'remove.purged',
  'restore.append',
  'restore.answer',
  'retention.end',
  'update.append',
  'update.answer',
  'staging.copied',
  'staging.place',
  'undo.prepare',
  'undo.volume',
  'undo.record',
  'undo.commit',
  'reconcile.act',
  'reconcile.record',
  'store.open',
  'store.close',
  'overlay.create.directory',
  'overlay.create.fs',
  'overlay.create.work',
  'overlay.purge',
  'btrfs.create.directory',
  'btrfs.create.fs',
  'btrfs.create.mode',
  'btrfs.create.name',
  'btrfs.freeze.clean',
  'btrfs.freeze.upper',
  'btrfs.freeze.merge',
  'btrfs.freeze.snapshot',
  'btrfs.freeze.nested',
  'btrfs.freeze.done',
  'btrfs.drop-active',
  'btrfs.purge',
  'log.write',
  'log.sync',
  'log.rotate',
  'checkpoint.write',
  'checkpoint.rename',
  'takeover.staged',
  'takeover.placed',
  'takeover.decided',
  'takeover.renamed',
  'giveback.staged',
  'giveback.marked',
  'giveback.renamed',
  'giveback.decided',
  'giveback.moved',
] as const;

export type Step = (typeof steps)[number];

/** Called when a step is reached: returns to continue, throws to make the step fail, or ends the process. */
export type Failpoint = (step: Step) => void;

/** The failpoint of production: no step fails. */
export const noFailpoints: Failpoint = () => {};
