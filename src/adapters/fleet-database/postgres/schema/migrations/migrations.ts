import { tables } from './001-tables.ts';

export interface Migration {
  readonly name: string;
  /** statements, run with the schema first in the search path */
  readonly sql: string;
}

/** In order: the first is version 1. One that has been released is not edited any more. */
export const migrations: readonly Migration[] = [{ name: 'tables', sql: tables }];
