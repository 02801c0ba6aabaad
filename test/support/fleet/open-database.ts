import {
  openFleetDatabase,
  type PostgresOptions,
} from '../../../src/adapters/fleet-database/postgres/fleet-database.ts';

/** Opens the fleet's tables as the indexer does. */
export const openDatabase = (url: string, more: Partial<PostgresOptions> = {}) =>
  openFleetDatabase({ url, signal: new AbortController().signal, waiting: () => {}, ...more });
