import { errorText, Fault, type FaultCode, faultCode } from '../../ports/fault.ts';
import type { FleetChange, FleetDatabase, FleetStore } from '../../ports/fleet-database.ts';
import type { ClusterPosition, FleetBatch, FleetSource, StoreBatch } from '../../ports/fleet-source.ts';
import type { Logger } from '../../ports/logger.ts';
import { untilAborted } from '../../ports/promises.ts';
import { foldBatch } from './fold/batch.ts';
import { createUnderWay } from './under-way.ts';

/** What an indexer is doing; `retrying` after a lost connection. */
export type IndexState = 'starting' | 'waiting' | 'catching up' | 'live' | 'retrying' | 'stopped';

/** Observes an indexer, for metrics and health. */
export interface IndexObserver {
  state(state: IndexState, why: string): void;
  /** The stores as they are indexed, after a connection was made. */
  opened(stores: readonly FleetStore[]): void;
  /** A batch was written; `items` is its length. Seconds that its parts took. */
  applied(change: FleetChange, items: number, seconds: Readonly<Record<'fold' | 'apply', number>>): void;
  failed(): void;
}

export interface OpenRequest {
  /** the tables beside those that are read */
  readonly rebuild: boolean;
  /** nothing that an earlier rebuild has left beside them */
  readonly anew: boolean;
  /** ends the wait */
  readonly signal: AbortSignal;
  /** Called once if another indexer works on the tables, with its description. */
  readonly waiting: (holder: string) => void;
}

export interface IndexerOptions {
  readonly source: FleetSource<StoreBatch>;
  /** Connects and waits until no other indexer works on the tables. */
  open(request: OpenRequest): Promise<FleetDatabase>;
  readonly observer: IndexObserver;
  readonly logger: Logger;
  /** Ends when it has caught up. A lost connection is then not retried. */
  readonly once: boolean;
  /** The tables are filled beside those that are read, and replace them when they have caught up. */
  readonly rebuild: boolean;
  /** milliseconds that removed snapshots are kept; undefined: without end */
  readonly keepRemoved: number | undefined;
  readonly signal: AbortSignal;
  /** nanoseconds since 1970 UTC */
  readonly now: () => bigint;
  /** milliseconds before the first and the longest repetition after a failure */
  readonly pauses?: { readonly first: number; readonly longest: number };
}

/** Failures that a repetition does not change. */
const final: ReadonlySet<FaultCode> = new Set(['corrupt', 'misuse', 'unsupported']);

/**
 * Indexes a fleet until the signal, or until it has caught up with `once`. What is written is a fold of what the source delivers,
 * exactly once, whatever is killed. A lost connection of either side is made again, with growing pauses, from the position in
 * the database. Rejects with a Fault (`corrupt`, `misuse`, `unsupported`), and with any other only with `once`.
 */
export async function indexFleet(options: IndexerOptions): Promise<void> {
  const { observer, logger, once, signal, pauses = { first: 250, longest: 30_000 } } = options;
  const session = { ...options, anew: options.rebuild, failures: 0 };
  while (!signal.aborted) {
    try {
      observer.state('starting', 'connecting');
      await runSession(session);
      break;
    } catch (error) {
      if (signal.aborted) break;
      observer.failed();
      if (once || !(error instanceof Fault) || final.has(error.code)) throw error;
      const pause = Math.min(pauses.longest, pauses.first * 2 ** session.failures);
      session.failures += 1;
      observer.state('retrying', errorText(error));
      logger.warn({ err: error, retryIn: pause / 1000 }, 'indexing was interrupted; it continues from the last batch');
      await untilAborted(new Promise((resolve) => setTimeout(resolve, pause)), signal).catch(() => {});
    }
  }
  observer.state('stopped', 'stopped');
}

interface Session extends IndexerOptions {
  /** false once the tables are swapped */
  rebuild: boolean;
  /** true until the first tables are open: those of an earlier rebuild may be of another cluster or release */
  anew: boolean;
  /** since the last batch that was written */
  failures: number;
}

/** From one connection to its loss, or to the end. */
async function runSession(session: Session): Promise<void> {
  const { source, open, observer, logger, once, signal } = session;
  const waiting = (holder: string) => {
    observer.state('waiting', `another indexer works: ${holder}`);
    logger.info({ holder }, 'waiting: another indexer works on this database');
  };
  const database = await open({ rebuild: session.rebuild, anew: session.anew, signal, waiting });
  session.anew = false;
  const ending = new AbortController();
  const end = () => ending.abort(signal.reason);
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  const writer = createWriter(session, database);
  try {
    const { at, stores } = await database.progress();
    writer.begin(stores);
    // Nothing is known of a history that has begun without an event.
    const begun = stores.filter(({ head, first }) => head.stopped || head.position >= first);
    const heads = new Map(begun.map(({ store, head }) => [store, head]));
    for await (const batch of source.read({ after: at, heads, signal: ending.signal })) {
      await writer.write(batch);
      if (!batch.caughtUp) {
        observer.state('catching up', 'reading what was added');
        continue;
      }
      await writer.settled();
      await swapOnce(session, database);
      observer.state('live', 'caught up');
      if (once) break;
    }
    await writer.settled();
  } finally {
    signal.removeEventListener('abort', end);
    ending.abort();
    await writer.settled().catch(() => {});
    await database.close();
  }
}

async function swapOnce(session: Session, database: FleetDatabase): Promise<void> {
  if (!session.rebuild) return;
  await database.swap();
  session.rebuild = false;
  session.logger.info({}, 'the tables were rebuilt and replace the earlier ones');
}

/** Folds batches and writes them, one after the other, while the next ones are read and folded. */
interface Writer {
  begin(stores: readonly FleetStore[]): void;
  /** Resolves when the batch is folded and few are waiting to be written. Rejects if one could not be written. */
  write(batch: FleetBatch<StoreBatch>): Promise<void>;
  /** Everything is written. */
  settled(): Promise<void>;
}

/** Milliseconds between two writes of a position at which there was nothing of any store, and between removals of old rows. */
const everyPosition = 10_000;
const everyRemoval = 24 * 3_600_000;
/** Milliseconds until a removal that readers have held up is tried again. */
const removalRetry = 10 * 60_000;

/** Changes that are folded and wait for those before them. */
const maxUnderWay = 3;

function createWriter(session: Session, database: FleetDatabase): Writer {
  const { observer, logger, now, keepRemoved } = session;
  const rows = createUnderWay(database);
  const stores = new Map<string, FleetStore>();
  let [positioned, removed] = [0, 0];

  const apply = async (change: FleetChange, items: number, fold: number) => {
    const started = performance.now();
    await rows.apply(change);
    session.failures = 0;
    observer.applied(change, items, { fold: fold / 1000, apply: (performance.now() - started) / 1000 });
  };
  const removeOld = async () => {
    if (keepRemoved === undefined || performance.now() < removed) return;
    removed = performance.now() + everyRemoval;
    await rows.below(1);
    const months = await database.dropRemovedBefore(now() - BigInt(keepRemoved) * 1_000_000n).catch(heldUp);
    if (months.length > 0) logger.info({ months }, 'snapshots that were removed long ago are dropped from the index');
  };
  /** A long query or a backup of the database must not stop the indexing. */
  const heldUp = (error: unknown): readonly string[] => {
    if (faultCode(error) !== 'busy') throw error;
    removed = performance.now() + removalRetry;
    logger.warn(
      { err: error, retryIn: removalRetry / 1000 },
      'snapshots that were removed long ago are not dropped yet',
    );
    return [];
  };
  return {
    begin: (all) => {
      for (const store of all) stores.set(store.store, store);
      observer.opened(all);
      observer.state('catching up', 'reading what was added');
    },
    write: async (batch) => {
      const started = performance.now();
      if (batch.items.length === 0 && (started < positioned || isBeginning(batch.at))) return;
      positioned = started + everyPosition;
      const change = await foldBatch(batch, { stores, rows, now });
      const fold = performance.now() - started;
      for (const store of change.stores) stores.set(store.store, store);
      report(change, logger);
      await removeOld();
      await rows.below(maxUnderWay);
      // A failure is reported by the next call.
      const items = batch.items.reduce((sum, { count }) => sum + count, 0);
      apply(change, items, fold).catch(() => {});
    },
    settled: () => rows.below(1),
  };
}

/** Nothing is there: the cluster has no position to continue from. */
const isBeginning = ({ commit, prepare }: ClusterPosition) => commit === 0n && prepare === 0n;

/** Stores of which nothing more is indexed, or that begin again. */
function report({ incidents }: FleetChange, logger: Logger): void {
  for (const { store, kind, text } of incidents)
    if (kind === 'stopped') logger.warn({ store, why: text }, 'nothing more is indexed of this store');
    else if (kind === 'rolled-back') logger.warn({ store, why: text }, 'the store is indexed again from its beginning');
}
