import type { FleetQuestions } from '../../../../ports/fleet-questions.ts';
import { readPostgresUrl } from '../connection/url.ts';
import { openTables } from '../schema/migrate.ts';
import { type Ask, createSessions } from './ask.ts';
import { createImageUsage } from './image-usage.ts';
import { createLayerQuestions } from './layers.ts';
import { createUnused } from './unused.ts';
import { createUsageQuestions } from './usage.ts';

/** Of the sessions that ask. */
export const questionSettings = {
  default_transaction_read_only: 'on',
  statement_timeout: '30s',
  work_mem: '64MB',
  // Groups of long texts are found faster by hash than by sorting, and are fewer than the planner thinks.
  hash_mem_multiplier: '4',
  // A sort of many texts takes longer than the planner thinks.
  enable_mergejoin: 'off',
  // The start of a worker takes longer than most questions.
  max_parallel_workers_per_gather: '0',
};

/** Milliseconds until a server that does not answer is given up: more than `statement_timeout`. */
const limit = 40_000;

/** Connections at the same time. */
const maxSessions = 4;

/** As `createFleetQuestions`, with a connection: rejects if there can be none. */
export async function openFleetQuestions(url: string, schema?: string): Promise<FleetQuestions> {
  const questions = createFleetQuestions(url, schema);
  // So that a wrong address fails here and not at the first question.
  await questions.written();
  return questions;
}

/**
 * Questions to the database of a fleet, which is connected when it is first asked. Throws a Fault (`misuse`) for a connection string
 * that is not valid. Questions reject with a Fault: `missing` for a database without index, `unsupported` for an index of another release
 * or missing rights, `io` if there is no connection.
 */
export function createFleetQuestions(url: string, schema = 'snapledger'): FleetQuestions {
  const target = readPostgresUrl(url);
  const open = () =>
    openTables(target, { schema, application: 'snapledger fleet questions', settings: questionSettings, limit });
  const { ask, close } = createSessions(open, maxSessions);
  return questionsOver(ask, close);
}

export const questionsOver = (ask: Ask, close: () => Promise<void>): FleetQuestions => ({
  ...createLayerQuestions(ask),
  ...createImageUsage(ask),
  ...createUnused(ask),
  ...createUsageQuestions(ask),
  close,
});
