import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Target, wrong } from './url.ts';

/** Fields of a line `host:port:database:user:password`; `\:` and `\\` stand for the character. */
const field = /((?:\\.|[^\\:])*)(?::|$)/gs;

/**
 * The password of the first line that matches in the file of PGPASSFILE, else in `~/.pgpass`; empty without one
 * (https://www.postgresql.org/docs/current/libpq-pgpass.html). The driver's own reader of it is deprecated. Throws a Fault
 * (`misuse`) if other users can read the file, or the one of PGPASSFILE is missing.
 */
export function passwordFor({
  host,
  port,
  database,
  user,
}: Pick<Target, 'host' | 'port' | 'database' | 'user'>): string {
  const asked = [host.startsWith('/') ? 'localhost' : host, `${port}`, database, user];
  for (const line of readLines()) {
    if (line.startsWith('#')) continue;
    const fields = [...line.matchAll(field)].map(([, text = '']) => text.replace(/\\(.)/gs, '$1'));
    const [password] = fields.slice(asked.length);
    if (password !== undefined && asked.every((each, at) => fields[at] === '*' || fields[at] === each)) return password;
  }
  return '';
}

function readLines(): readonly string[] {
  const { PGPASSFILE } = process.env;
  const path = PGPASSFILE || join(homedir(), '.pgpass');
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined && PGPASSFILE) throw wrong(`PGPASSFILE: ${path}: there is no such file`);
  if (mode === undefined) return [];
  if ((mode & 0o077) !== 0) throw wrong(`${path}: other users can read it`, `chmod 600 ${path}`);
  return readFileSync(path, 'utf8').split(/\r?\n/);
}
