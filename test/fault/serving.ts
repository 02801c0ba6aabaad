import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { failpointsVariable } from '../../src/adapters/system/failpoints.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import type { Sandbox } from '../support/sandbox.ts';
import { daemonFile, type Server } from '../support/server.ts';
import { connectSnapshots, type SnapshotsClient } from '../support/snapshots-client.ts';

/** A root that is served by consecutive daemons. */
export interface Serving {
  readonly root: string;
  /** The end of their output. */
  lastWords(): string;
  /** Starts the daemon, with failpoints in the syntax of its environment variable. Rejects if it ends before it serves. */
  start(failpoints?: string): Promise<Daemon>;
  /** Replaces the further settings, for the daemons that start from now on. */
  configure(settings: string): void;
  /** Changes the boot id: the next daemon takes the end of the previous one for a power cut. */
  reboot(): void;
  /** A client with its own connection, closed at the latest with the sandbox. */
  connect(): SnapshotsClient;
}

export interface ServingOptions {
  readonly driver: string;
  readonly root: string;
  /** further settings, in TOML */
  readonly settings?: string;
  /** the retention settings, in TOML; default: off, so that removed snapshots are purged at once */
  readonly retention?: string;
}

/** The same daemon without retention and with further flags, as a server of the benchmarks and end-to-end tests. */
export const daemonOf = (driver: string, ...flags: readonly string[]): Server => ({
  name: `snapledger with ${driver}`,
  command: (root, socket) => [
    process.execPath,
    daemonFile,
    'serve',
    ...['--root', root, '--address', socket, '--driver', driver, '--no-retention', ...flags],
  ],
});

export function createServing(
  sandbox: Sandbox,
  { driver, root, settings = '', retention = 'enabled = false' }: ServingOptions,
): Serving {
  const address = join(sandbox.path, 's.sock');
  const config = join(sandbox.path, 'settings.toml');
  const log = join(sandbox.path, 'daemon.log');
  const configure = (further: string) =>
    writeFileSync(
      config,
      `root = "${root}"\naddress = "${address}"\ndriver = "${driver}"\n${further}\n[retention]\n${retention}\n`,
      { mode: 0o600 },
    );
  configure(settings);
  let boot = randomUUID();
  return {
    root,
    configure,
    reboot: () => {
      boot = randomUUID();
    },
    lastWords: () => (existsSync(log) ? readFileSync(log, 'utf8').slice(-20_000) : ''),
    start: async (failpoints = '') => {
      const daemon = await startDaemon({
        command: [process.execPath, daemonFile, 'serve', '--config', config],
        address,
        log,
        env: { [failpointsVariable]: failpoints, SNAPLEDGER_BOOT_ID: boot },
      });
      sandbox.atEnd(daemon.kill);
      return daemon;
    },
    connect: () => {
      const client = connectSnapshots(address);
      sandbox.atEnd(client.close);
      return client;
    },
  };
}
