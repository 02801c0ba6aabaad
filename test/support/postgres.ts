import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { createCertificate } from './kurrent/certificate.ts';
import { copyCluster, programs, serverUser } from './postgres-cluster.ts';
import type { Missing } from './requirements.ts';
import { answers, waitFor } from './wait-for.ts';

/** A PostgreSQL server of Debian's package, with a data directory of its own. */
export interface Postgres {
  /** connection string of the superuser, without password */
  readonly url: string;
  /** the same over the unix socket */
  readonly socketUrl: string;
  /** Connection string of another role. */
  urlOf(user: string, password: string, database?: string): string;
  readonly port: number;
  /** folder of the unix socket, the log, and with TLS `ca.crt` */
  readonly folder: string;
  /** the postmaster */
  readonly pid: number;
  /** everything that the server has logged */
  log(): string;
  /** Runs statements as superuser with psql; resolves with its unaligned output. */
  sql(text: string, database?: string): string;
  /** Kills the server and its backends with SIGKILL. */
  kill(): Promise<void>;
  /** Stops it at once, ending all sessions. */
  stop(): Promise<void>;
  /** Starts it again, on the same port. */
  start(): Promise<void>;
  /** Stops it and deletes its files. */
  end(): Promise<void>;
}

export interface PostgresOptions {
  /** lines of postgresql.conf */
  readonly settings?: readonly string[];
  /** TLS with a certificate of `localhost`; connections over TCP without TLS are refused */
  readonly tls?: boolean;
  /** connections over TCP need a password, except those of the superuser */
  readonly passwords?: boolean;
  /** an empty directory for the data, such as the mount point of a small file system; default: one in `folder` */
  readonly data?: string;
}

export const requirePostgres = (): Missing => (programs() === undefined ? 'needs PostgreSQL' : undefined);

/**
 * Starts a server on a loopback port and a unix socket. Its flushes are off: they make no difference as long as the machine
 * runs, kill -9 included.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'snapledger-postgres-'));
  chmodSync(folder, 0o755);
  const data = options.data ?? join(folder, 'data');
  const port = await freePort();
  try {
    copyCluster(data);
    configure(folder, data, port, options);
    execFileSync('chown', ['-R', `${serverUser().name}:`, data, folder]);
    const server = createServer(folder, data, port);
    await server.start();
    return {
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      socketUrl: `postgres://postgres@/postgres?host=${encodeURIComponent(folder)}&port=${port}`,
      urlOf: (user, password, database = 'postgres') =>
        `postgres://${user}:${encodeURIComponent(password)}@localhost:${port}/${database}`,
      port,
      folder,
      ...server,
      get pid() {
        return server.pid();
      },
      end: async () => {
        await server.stop();
        rmSync(folder, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function configure(folder: string, data: string, port: number, { settings = [], tls, passwords }: PostgresOptions) {
  if (tls === true) {
    const { certificate, key } = createCertificate(folder);
    writeFileSync(join(folder, 'server.crt'), certificate);
    writeFileSync(join(folder, 'server.key'), key, { mode: 0o600 });
  }
  const lines = [
    "listen_addresses = '127.0.0.1'",
    `port = ${port}`,
    `unix_socket_directories = '${folder}'`,
    'fsync = off',
    'shared_buffers = 64MB',
    ...(tls === true
      ? [
          'ssl = on',
          ...['cert', 'key'].map((kind) => `ssl_${kind}_file = '${folder}/server.${kind === 'cert' ? 'crt' : 'key'}'`),
        ]
      : []),
    ...settings,
  ];
  appendFileSync(join(data, 'postgresql.conf'), `${lines.join('\n')}\n`);
  const kind = tls === true ? 'hostssl' : 'host';
  const access = [
    'local all all trust',
    `${kind} all postgres 127.0.0.1/32 trust`,
    `${kind} all all 127.0.0.1/32 ${tls === true || passwords === true ? 'scram-sha-256' : 'trust'}`,
  ];
  writeFileSync(join(data, 'pg_hba.conf'), `${access.join('\n')}\n`);
}

function createServer(folder: string, data: string, port: number) {
  const { bin } = programs() ?? { bin: '' };
  const logFile = join(folder, 'log');
  let child: ChildProcess | undefined;
  const pid = () => child?.pid ?? 0;
  const log = () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
  const end = async (signal: NodeJS.Signals) => {
    const ending = child;
    child = undefined;
    if (ending?.pid === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = once(ending, 'exit');
    const backends = childrenOf(ending.pid);
    ending.kill(signal);
    if (signal === 'SIGKILL') for (const backend of backends) killQuietly(backend);
    await ended;
    await waitFor('the end of all backends', () => backends.every((backend) => !existsSync(`/proc/${backend}`)));
  };
  return {
    pid,
    log,
    start: async () => {
      const { uid, gid } = serverUser();
      const started = spawn('sh', ['-c', `exec "$0" -D "$1" >>"$2" 2>&1`, join(bin, 'postgres'), data, logFile], {
        uid,
        gid,
        stdio: 'ignore',
        cwd: '/',
      });
      child = started;
      await waitFor(`a server on port ${port}`, async () => {
        if (started.exitCode !== null) throw new Error(`postgres ended with ${started.exitCode}:\n${log()}`);
        return (await answers(port)) && isReady(bin, port);
      });
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGINT'),
    sql: (text: string, database = 'postgres') =>
      execFileSync(
        join(bin, 'psql'),
        [
          '-X',
          '-q',
          '-A',
          '-t',
          '-v',
          'ON_ERROR_STOP=1',
          '-h',
          folder,
          '-p',
          `${port}`,
          '-U',
          'postgres',
          '-d',
          database,
        ],
        { input: text, encoding: 'utf8', maxBuffer: 64 << 20, stdio: ['pipe', 'pipe', 'pipe'] },
      ).trimEnd(),
  };
}

function isReady(bin: string, port: number): boolean {
  try {
    execFileSync(join(bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', `${port}`]);
    return true;
  } catch {
    return false;
  }
}

const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}
