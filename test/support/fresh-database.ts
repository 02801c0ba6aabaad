import type { Postgres } from './postgres.ts';

let count = 0;

/** An empty database of its own on a server. */
export function freshDatabase(server: Postgres): {
  readonly name: string;
  /** of the superuser */
  readonly url: string;
  sql(text: string): string;
} {
  const name = `test_${process.pid}_${count++}`;
  server.sql(`CREATE DATABASE ${name}`);
  return { name, url: server.url.replace(/postgres$/, name), sql: (text) => server.sql(text, name) };
}
