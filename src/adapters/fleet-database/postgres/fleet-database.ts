import type { FleetDatabase } from '../../../ports/fleet-database.ts';
import { keepalives, openSession, type Session } from './connection/session.ts';
import { readPostgresUrl } from './connection/url.ts';
import { applyChange, createStaging } from './rows/apply.ts';
import { fenced, readFence } from './rows/fence.ts';
import { readImages, readPosition, readSnapshots, readSnapshotsOf, readStores, readUsage } from './rows/reads.ts';
import { lockSchema } from './schema/lock.ts';
import { createSchema, emptySchema, migrate } from './schema/migrate.ts';
import { dropMonthsBefore, makePartitions, readMonths } from './schema/partitions.ts';
import { besideOf, dropReplaced, swapSchemas } from './schema/swap.ts';

export interface PostgresOptions {
  /** connection string */
  readonly url: string;
  /** schema of the tables; default: snapledger */
  readonly schema?: string;
  /** fill tables beside the ones that are read, until `swap` */
  readonly rebuild?: boolean;
  /** what an earlier rebuild has left is dropped first; otherwise it is continued */
  readonly anew?: boolean;
  /** ends the wait for another indexer */
  readonly signal: AbortSignal;
  /** called once if another indexer works on these tables, with its description */
  readonly waiting: (holder: string) => void;
}

const settings = {
  ...keepalives,
  // Batches are merged by index, whatever the statistics of a table that grows fast are, and a plan does not outlive its size.
  plan_cache_mode: 'force_custom_plan',
  random_page_cost: '1.1',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  max_parallel_workers_per_gather: '0',
  // For the temporary tables: those of a batch of 32,768 events have 40 MB.
  temp_buffers: '64MB',
};

/**
 * The fleet's tables in PostgreSQL, migrated, and locked: waits while another process writes them. It has two connections, one
 * for writes and the lock, one for reads. A lost connection is not made again: open anew.
 */
export async function openFleetDatabase(options: PostgresOptions): Promise<FleetDatabase> {
  const { schema = 'snapledger', rebuild = false, anew = false, signal, waiting } = options;
  const target = readPostgresUrl(options.url);
  const own = rebuild ? besideOf(schema) : schema;
  const application = 'snapledger fleet index';
  const open = () => openSession(target, { schema: own, application, settings, jsonAsText: true, signal });
  const writer = await open();
  let reader: Session | undefined;
  try {
    await createSchema(writer, own);
    await lockSchema(writer, own, { signal, waiting });
    if (!rebuild) await dropReplaced(writer, schema);
    else if (anew) await emptySchema(writer, own);
    await migrate(writer, own);
    await createStaging(writer);
    reader = await open();
    return await databaseOver(writer, reader, schema);
  } catch (error) {
    await Promise.all([writer.close(), reader?.close()]);
    throw error;
  }
}

async function databaseOver(writer: Session, reader: Session, schema: string): Promise<FleetDatabase> {
  const months = await readMonths(writer);
  let fence = await readFence(writer);
  const guarded = fenced(writer, () => fence);
  return {
    progress: async () => {
      // First: what another process writes after it is then refused, and read by the next opening.
      const { written } = await readFence(writer);
      fence = { ...fence, written };
      return { at: await readPosition(writer), stores: await readStores(writer) };
    },
    snapshots: (ids) => readSnapshots(reader, ids),
    snapshotsOf: (store) => readSnapshotsOf(reader, store),
    usage: (wanted) => readUsage(reader, wanted),
    images: (wanted) => readImages(reader, wanted),
    apply: async (change) => {
      await makePartitions(guarded, change.snapshots, months);
      fence = await writer.transaction(() => applyChange(writer, fence, change));
    },
    dropRemovedBefore: (time) => dropMonthsBefore(guarded, time, months),
    swap: async () => {
      await swapSchemas(writer, schema);
      // If this fails, the next read does: the exchange is done, and must not be repeated.
      await reader.rows('SELECT set_config($1, $2, false)', ['search_path', schema]).catch(() => {});
    },
    close: async () => void (await Promise.all([writer.close(), reader.close()])),
  };
}
