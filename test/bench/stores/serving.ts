import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { daemonFile } from '../../support/server.ts';
import { connectSnapshots, type SnapshotsClient } from '../../support/snapshots-client.ts';
import { memoryOf, processorTime } from '../machine.ts';

/** A daemon over a filled root, with a client. */
export interface Serving {
  /** milliseconds from its start to its first answer */
  readonly ready: number;
  readonly client: SnapshotsClient;
  readonly address: string;
  memory(): ReturnType<typeof memoryOf>;
  /** processor time so far, in milliseconds */
  cpu(): number;
  /** The value of a metric, by name and labels as they are printed. */
  metric(name: string): Promise<number>;
  /** In order, which writes a checkpoint. */
  stop(): Promise<void>;
}

/** As `src/operations/snapledger.service` sets it. */
const unitEnvironment = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' };

/** Starts the daemon (DAEMON names another build of it) as its unit does, and waits for its first answer. */
export async function serve(root: string, flags: readonly string[] = []): Promise<Serving> {
  const address = join(root, 's.sock');
  const began = performance.now();
  const args = [daemonFile, 'serve', '--root', root, '--address', address, '--driver', 'overlay', ...flags];
  const env = { ...process.env, ...unitEnvironment };
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], env });
  const exit = once(child, 'exit');
  process.once('exit', () => child.kill('SIGKILL'));
  const { pid = 0 } = child;
  let printed = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (text: Buffer) => {
      printed += text;
      if (printed.includes('"msg":"serving"')) resolve();
    });
    child.once('exit', (status) => reject(new Error(`the daemon ended with ${status}: ${printed}`)));
  });
  const client = connectSnapshots(address);
  await client.stat('no such snapshot').catch(() => {});
  const ready = Math.round(performance.now() - began);
  return {
    ready,
    client,
    address,
    memory: () => memoryOf(pid),
    cpu: () => processorTime(pid),
    metric: async (name) => Number((await scrape(join(root, 's.http.sock'))).split(`${name} `)[1]?.split('\n')[0]),
    stop: async () => {
      client.close();
      child.kill('SIGTERM');
      await exit;
    },
  };
}

function scrape(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/metrics' }, async (response) => {
      let body = '';
      for await (const part of response) body += part;
      resolve(body);
    })
      .on('error', reject)
      .end();
  });
}
