import { join } from 'node:path';
import { type Daemon, startDaemon } from '../daemon.ts';
import { freePort } from '../free-port.ts';
import type { Sandbox } from '../sandbox.ts';
import { daemonFile } from '../server.ts';

interface IndexerProcess {
  /** connection strings */
  readonly from: string;
  readonly into: string;
  readonly log: string;
  readonly args?: readonly string[];
}

/** Starts `snapledger fleet index`; resolves when it serves its metrics, which is before it has a connection. */
export async function startIndexer(
  sandbox: Sandbox,
  { from, into, log, args = [] }: IndexerProcess,
): Promise<Daemon & { readonly port: number }> {
  const port = await freePort();
  const daemon = await startDaemon({
    command: [process.execPath, daemonFile, 'fleet', 'index', '--listen', `127.0.0.1:${port}`, ...args],
    address: port,
    log: join(sandbox.path, log),
    env: { SNAPLEDGER_FLEET_CLUSTER: from, SNAPLEDGER_FLEET_DATABASE: into },
    sandbox,
  });
  return { ...daemon, port };
}
