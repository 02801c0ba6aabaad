import { errorText, Fault, type FaultCode } from '../../../../ports/fault.ts';

interface Meaning {
  readonly code: FaultCode;
  readonly hint: string;
  /** in place of the server's text */
  readonly text?: string;
}

const credentials =
  'correct user and password: in the connection string of the configuration, PGPASSWORD or the file of PGPASSFILE';
const running = 'check that PostgreSQL runs and can be reached from here';

/** By SQLSTATE, or by its first two digits (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
const bySqlState: Readonly<Record<string, Meaning>> = {
  '08': { code: 'io', hint: running },
  28: { code: 'unsupported', hint: credentials },
  '3D': {
    code: 'misuse',
    hint: 'create it: createdb --encoding=UTF8 --owner=USER NAME; or name another one in the connection string',
  },
  '3F': { code: 'missing', hint: 'fill it with: snapledger fleet index' },
  '42P01': { code: 'missing', hint: 'fill it with: snapledger fleet index' },
  42501: {
    code: 'unsupported',
    hint: 'let the role own the schema (index), or give it USAGE on the schema and SELECT on its tables (questions)',
  },
  25006: { code: 'read-only', hint: 'name the primary: this server is a standby, or is set to read-only' },
  53100: {
    code: 'no-space',
    hint: "free space on the file system of PostgreSQL's data directory; nothing is lost, indexing continues then",
  },
  53: { code: 'exhausted', hint: 'raise the limit of the server, or end other clients' },
  40: { code: 'busy', hint: 'try again' },
  '55P03': { code: 'busy', hint: 'a long query holds the tables: try again' },
  57014: { code: 'busy', hint: 'the query took longer than its limit; see statement_timeout' },
  55006: { code: 'busy', hint: 'another session uses it: try again' },
  '25P03': { code: 'io', hint: 'raise idle_in_transaction_session_timeout of this role' },
  57: { code: 'io', hint: running },
  58: { code: 'io', hint: "check PostgreSQL's log and its disk" },
  // An internal error: many are of a moment, such as a table that another session dropped.
  XX: { code: 'io', hint: "check PostgreSQL's log; if it remains: snapledger fleet index --rebuild" },
  XX001: {
    code: 'corrupt',
    hint: 'PostgreSQL found damaged data: check its log and its disk, then fill new tables with: snapledger fleet index --rebuild',
  },
  XX002: {
    code: 'corrupt',
    hint: 'PostgreSQL found a damaged index: check its log and its disk, then REINDEX it, or fill new tables with: snapledger fleet index --rebuild',
  },
};

/** The driver's own errors, and those of sockets and TLS, have no SQLSTATE. */
const byText: readonly (readonly [RegExp, Meaning])[] = [
  [
    /SASL.*password must be|no password supplied/i,
    { code: 'unsupported', hint: credentials, text: 'the server asks for a password, and none is given' },
  ],
  [
    /does not support SSL/i,
    {
      code: 'unsupported',
      hint: 'switch TLS on in the server, or set sslmode=disable',
      text: 'the server speaks no TLS',
    },
  ],
  [
    /certificate|self[- ]signed|altnames|\bTLS\b|\bSSL\b|EPROTO/i,
    {
      code: 'unsupported',
      hint: "name the authority that signed the server's certificate with sslrootcert=, and the host as its certificate does",
    },
  ],
];

/** `pg_hba.conf` refuses a connection without TLS with this text only. */
const needsTls = /no pg_hba\.conf entry .*no encryption/;

/** The fault for an error of the driver or the server. `where` names the database and what was done. */
export function postgresFault(error: unknown, where: string): Fault {
  if (error instanceof Fault) return error;
  const { code = '' } = error as { readonly code?: string };
  const text = errorText(error);
  const meaning = meaningOf(code, text);
  return new Fault(meaning.code, `${where}: ${meaning.text ?? text}`, { hint: meaning.hint, cause: error });
}

function meaningOf(code: string, text: string): Meaning {
  if (needsTls.test(text))
    return {
      code: 'unsupported',
      hint: 'set sslmode=verify-full, and sslrootcert= to the authority of its certificate',
    };
  if (/^[0-9A-Z]{5}$/.test(code))
    return (
      bySqlState[code] ??
      bySqlState[code.slice(0, 2)] ?? {
        code: 'unsupported',
        hint: 'the tables may have been changed by hand: fill new ones with snapledger fleet index --rebuild; otherwise report this',
      }
    );
  return byText.find(([pattern]) => pattern.test(text))?.[1] ?? { code: 'io', hint: running };
}
