import type { Snapshot } from '../../projections/snapshot.ts';
import type { Answer } from '../domain/commands.ts';
import type { CheckpointStore } from '../ports/checkpoint-store.ts';
import type { MeasureDiskSpace } from '../ports/disk-space.ts';
import { type Failpoint, noFailpoints } from '../ports/failpoints.ts';
import { Fault } from '../ports/fault.ts';
import type { Manifests } from '../ports/layers.ts';
import type { Logger } from '../ports/logger.ts';
import type { Uptime } from '../ports/system.ts';
import type { VolumeDriver } from '../ports/volume-driver.ts';
import { createCheckpointer } from './background/checkpointer.ts';
import { createEarlyFlusher } from './background/early-flusher.ts';
import { createManifestMaker } from './background/manifest-maker.ts';
import { createPipelines, type Pipelines } from './background/pipeline.ts';
import { createPoolFiller } from './background/pool-filler.ts';
import { createPurger } from './background/purger.ts';
import { createUsageMeter } from './background/usage-meter.ts';
import { createWriteback } from './background/writeback.ts';
import { type ClosingLimits, closeInOrder, closingLimits } from './close-service.ts';
import type { Action } from './reconcile/action.ts';
import { apply } from './reconcile/apply.ts';
import { planFor } from './reconcile/plan.ts';
import { verifyVolumes } from './reconcile/verify-volumes.ts';
import type { Crash } from './reconcile/wanted.ts';
import type { Recovered } from './recovery/recover.ts';
import type { RetentionPolicy } from './retention/policy.ts';
import { restoreLayer } from './retention/restore-layer.ts';
import { createRetention } from './retention/retention.ts';
import { createStagingSources } from './retention/staging-sources.ts';
import { createAnswerInTime } from './store/answer-in-time.ts';
import type { Durability, StoreContext } from './store/execute.ts';
import type { Journal } from './store/journal.ts';
import { createKeyLocks } from './store/key-locks.ts';
import { expectServing } from './store/log-health.ts';
import { createForeignVolumes, createRolledBack } from './store/new-ids.ts';
import type { Snapshots } from './store/store.ts';
import { createStore } from './store/store.ts';
import { createRetrier, createUndo, type Retrier } from './store/undo.ts';

/** A recovered store at work: the use cases and everything that runs behind them. */
export interface Service {
  readonly snapshots: Snapshots;
  /**
   * Compares the disk with the log while nothing changes either, and brings the disk to the state of the log, unless it is a
   * dry run. Answers the actions.
   */
  reconcile(options: { readonly dryRun: boolean }): Promise<readonly Action[]>;
  /**
   * Brings a removed layer that is retained back by its name or id, after its parents. Answers the restored snapshots, or the
   * refusal that says why it can't be restored. Rejects with a Fault.
   */
  restore(name: string): Promise<Answer<readonly Snapshot[]>>;
  /** To be called when clients are served: volumes are made ahead, as after each change. */
  fillPool(): void;
  /**
   * Halts background work: cuts short what the next start goes on with, and begins nothing of that kind. Calls are still
   * answered; those that wait for a measurement or a purge are answered at once.
   */
  halt(): void;
  /**
   * Halts, flushes what is not flushed, records the closing and writes a checkpoint, each within its limit. Resolves with whether
   * nothing is under way any more. Never rejects: failures are logged.
   */
  close(reason: string): Promise<boolean>;
}

export interface ServiceOptions {
  readonly durability: Durability;
  readonly removal: 'background' | 'sync';
  readonly viewsNeedParent: boolean;
  /** events between two checkpoints */
  readonly checkpointEvery: number;
  /** null: removed layers are purged at once */
  readonly retention: RetentionPolicy | null;
}

interface Context {
  readonly journal: Journal;
  /** what the background work runs in; default: pipelines of its own */
  readonly pipelines?: Pipelines;
  readonly driver: VolumeDriver;
  readonly checkpoints: CheckpointStore;
  /** position of the checkpoint that the start began with */
  readonly lastCheckpoint: number;
  readonly recovered: Recovered;
  readonly logger: Logger;
  readonly options: ServiceOptions;
  readonly failpoint?: Failpoint;
  readonly onCheckpoint?: (seconds: number) => void;
  readonly uptime: Uptime;
  readonly measureRoom: MeasureDiskSpace;
  readonly closingLimits?: ClosingLimits;
  /** default: none are kept */
  readonly manifests?: Manifests | undefined;
}

/** Opens a service in the order of the steps; `halt` and close-service.ts end it in the opposite order. */
export function createService(context: Context): Service {
  const { journal, driver, logger, options, failpoint = noFailpoints, uptime } = context;
  const { pipelines = createPipelines({ journal, logger }), closingLimits: limits = closingLimits } = context;
  const { durability, removal, viewsNeedParent } = options;
  // 1. What changes share.
  const locks = createKeyLocks(() => pool.idle());
  const pool = createPoolFiller({ ...context, pool: driver.pool, busy: () => locks.busy });
  const retrier = createRetrier(logger);
  const answerInTime = createAnswerInTime(journal);
  // 2. Background work.
  const {
    purger,
    meter,
    retention,
    writeback,
    checkpointer,
    sources,
    halt: haltBackground,
  } = startBackground({ ...context, pipelines, failpoint }, retrier);
  // 3. The use cases.
  const rules = {
    viewsNeedParent,
    rebase: driver.traits.rebase,
    reparent: driver.traits.layersAreDiffs,
    flushed: durability === 'commit' || driver.traits.durableFreeze,
    retain: options.retention !== null,
    neverAdopt: options.retention?.neverAdopt ?? [],
  };
  const undo = createUndo(logger, retrier);
  const rolledBack = createRolledBack(journal);
  const foreign = createForeignVolumes({ journal, driver });
  const works = { locks, answerInTime, rolledBack, foreign, purger, pool, retention, meter, retrier, undo };
  const store = { journal, driver, ...works, sources, rules, durability, removal, failpoint, logger, uptime };
  // 4. The reconciler, for what recovery could not do or has not verified.
  const reconciler = startReconciler({ ...context, failpoint }, { locks, purger, retrier });
  // 5. The end, in the opposite order. The driver is halted last: what it cuts short is no failure for work that is closing.
  let ending: Promise<unknown> | undefined;
  const halted = () => {
    ending ??= Promise.all([haltBackground(reconciler.close()), pool.close()]);
    return ending;
  };
  return {
    snapshots: createStore(store),
    restore: (name) => answerInTime(() => restoreLayer(store, name)),
    reconcile: ({ dryRun }) => reconciler.reconcile(dryRun),
    fillPool: pool.idle,
    halt: () => void halted(),
    close: (reason) =>
      closeInOrder(
        { journal, driver, locks, writeback, checkpointer, logger, failpoint, limits, uptime },
        halted(),
        reason,
      ),
  };
}

interface BackgroundSetup extends Context {
  readonly pipelines: Pipelines;
  readonly failpoint: Failpoint;
}

function startBackground(setup: BackgroundSetup, retrier: Retrier) {
  const { journal, pipelines, driver, checkpoints, logger, options, manifests, failpoint } = setup;
  const purger = createPurger({ journal, pipelines, driver, retrier, logger, failpoint });
  const meter = createUsageMeter({ journal, pipelines, driver, logger });
  // With durability `background` no client waits for a flush, so the disk is left to the client that unpacks.
  const flusher =
    options.durability === 'commit' ? createEarlyFlusher({ journal, pipelines, driver, logger }) : undefined;
  const maker = manifests && createManifestMaker({ journal, pipelines, manifests, logger });
  const writeback = createWriteback({ journal, pipelines, driver, retrier, logger });
  const checkpointer = createCheckpointer({
    journal,
    pipelines,
    checkpoints,
    logger,
    every: options.checkpointEvery,
    last: setup.lastCheckpoint,
    ...(setup.onCheckpoint === undefined ? {} : { onSaved: setup.onCheckpoint }),
  });
  const retention = createRetention({ ...setup, purger, policy: options.retention });
  // Without retention no setting says which namespaces must fetch every layer.
  const stages = driver.staging !== undefined && options.retention !== null;
  const sources = stages ? createStagingSources({ journal, pipelines }) : undefined;
  const halt = (verified: Promise<void> | undefined) => {
    meter.close();
    sources?.close();
    flusher?.close();
    const ended = [verified, retrier.close(), retention.close(), purger.close(), maker?.close()];
    driver.halt();
    return Promise.all(ended);
  };
  return { purger, meter, retention, writeback, checkpointer, sources, halt };
}

/** Reconciles on request, and soon if recovery left actions that failed or volumes that it did not verify. */
function startReconciler(
  { journal, driver, recovered, logger, failpoint }: Context & { readonly failpoint: Failpoint },
  { locks, purger, retrier }: Pick<StoreContext, 'locks' | 'purger' | 'retrier'>,
) {
  const reconcile = (dryRun: boolean, crash: Crash | null) =>
    locks.exclusive(async () => {
      await purger.drained();
      await journal.settled();
      if (!dryRun) expectServing(journal);
      const actions = await planFor(() => journal.durable, driver, crash);
      const stopping = () => purger.closing;
      return { actions, failed: dryRun ? 0 : await apply(actions, { journal, driver, logger, failpoint, stopping }) };
    });
  const reconcileSoon = (about: object) =>
    retrier.add(about, 'reconcile', async () => {
      const { failed } = await reconcile(false, recovered.crash);
      if (failed > 0) throw new Fault('io', `${failed} actions failed`, { hint: 'check the disk' });
    });
  if (recovered.failed > 0) reconcileSoon({ actions: recovered.failed });
  const verifying = recovered.unverified
    ? verifyVolumes({ journal, driver, logger, reconcile: (volumes) => reconcileSoon({ volumes }) })
    : undefined;
  return {
    reconcile: async (dryRun: boolean): Promise<readonly Action[]> => (await reconcile(dryRun, null)).actions,
    close: () => verifying?.close(),
  };
}
