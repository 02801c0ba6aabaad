import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createServing, type Serving } from '../fault/serving.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { loopbackUrl } from '../support/kurrent/loopback-url.ts';
import { type Postgres, requirePostgres, startPostgres } from '../support/postgres.ts';
import { requireFileSystem, requireRoot } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { closeSandboxesOnSignal, createSandbox, type Sandbox } from '../support/sandbox.ts';
import { daemonFile } from '../support/server.ts';
import type { SnapshotsClient } from '../support/snapshots-client.ts';
import { waitFor } from '../support/wait-for.ts';
import { heading, say, showSnapledger } from './say.ts';

/**
 * A fleet on one machine, which stays until Ctrl-C: three nodes that forward their logs to one cluster (the stand-in for KurrentDB,
 * or KURRENTDB_URL), `fleet index`, and Debian's PostgreSQL. `build/fleet.toml` names them for the questions.
 */
const settings = resolve('build/fleet.toml');

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const base = digestOf('base');
const library = digestOf('library');

async function startCluster(sandbox: Sandbox): Promise<string> {
  const { KURRENTDB_URL: url } = process.env;
  if (url !== undefined) return url;
  const port = await freePort();
  const program = join(import.meta.dirname, '../support/kurrent/process.js');
  const command = [process.execPath, program, String(port), join(sandbox.path, 'streams')] as const;
  await startDaemon({ command, address: port, log: join(sandbox.path, 'cluster.log'), sandbox });
  return loopbackUrl(port);
}

interface Node {
  readonly name: string;
  readonly root: string;
  readonly serving: Serving;
  readonly client: SnapshotsClient;
  readonly daemon: Daemon;
}

async function startNode(sandbox: Sandbox, name: string, cluster: string): Promise<Node> {
  const inside = createSandbox(`demo-${name}`);
  sandbox.atEnd(inside.close);
  const root = join(inside.path, 'root');
  const forwarding = `node = "${name}"\nforward = { url = "${cluster}" }`;
  const serving = createServing(inside, { driver: 'overlay', root, settings: forwarding, retention: 'enabled = true' });
  return { name, root, serving, daemon: await serving.start(), client: serving.connect() };
}

/** Unpacks a layer as containerd does, with one file. */
async function unpack({ client, root }: Node, chainId: string, id: number, parent: string): Promise<string> {
  const labels = { 'containerd.io/snapshot.ref': chainId };
  const key = `k8s.io/${id}/extract-${id} ${chainId}`;
  const name = `k8s.io/${id}/${chainId}`;
  await client.prepare(key, { parent, labels });
  writeFileSync(join(root, `snapshots/${id}/fs/file`), 'x'.repeat(100_000 * id));
  await client.commit(name, key, { labels });
  return name;
}

/** Two layers, and a container on them. */
async function work(node: Node): Promise<void> {
  const below = await unpack(node, base, 1, '');
  const top = await unpack(node, library, 2, below);
  await node.client.prepare(`k8s.io/3/web-of-${node.name}`, { parent: top });
}

/** The second node removes the library; the third finds its container's snapshot missing after a crash. */
async function loseAndRemove(second: Node, third: Node): Promise<void> {
  await second.client.remove(`k8s.io/3/web-of-${second.name}`);
  await second.client.remove(`k8s.io/2/${library}`);
  await third.client.prepare('k8s.io/4/batch', { parent: `k8s.io/2/${library}` });
  await third.client.update('k8s.io/4/batch', { job: 'nightly' });
  await third.daemon.kill();
  rmSync(join(third.root, 'snapshots/4'), { recursive: true });
  await third.serving.start();
}

async function startIndex(sandbox: Sandbox, cluster: string, postgres: Postgres): Promise<void> {
  const port = await freePort();
  const flags = ['--from', cluster, '--into', postgres.url, '--listen', `127.0.0.1:${port}`];
  const command = [process.execPath, daemonFile, 'fleet', 'index', ...flags] as const;
  await startDaemon({ command, address: port, log: join(sandbox.path, 'index.log'), sandbox });
  say(`metrics of the index: http://127.0.0.1:${port}/metrics`);
}

const ask = async (...question: readonly string[]) =>
  (await run(process.execPath, [daemonFile, 'fleet', ...question, '--config', settings], { anyStatus: true })).stdout;

async function demoFleet(sandbox: Sandbox): Promise<void> {
  heading('Starting PostgreSQL, a cluster for the events, and three nodes that forward to it');
  const postgres = await startPostgres();
  sandbox.atEnd(postgres.end);
  const cluster = await startCluster(sandbox);
  const nodes: Node[] = [];
  for (const name of ['node-1', 'node-2', 'node-3']) nodes.push(await startNode(sandbox, name, cluster));
  const [, second, third] = nodes;
  if (second === undefined || third === undefined) throw new TypeError('three nodes');
  say(`cluster ${cluster}, database ${postgres.url}`);

  heading('Each node unpacks two layers and runs a container; one removes a layer, one loses a snapshot');
  for (const node of nodes) await work(node);
  await loseAndRemove(second, third);

  heading('Starting the index');
  await startIndex(sandbox, cluster, postgres);
  mkdirSync('build', { recursive: true });
  writeFileSync(settings, `cluster = "${cluster}"\ndatabase = "${postgres.url}"\n`, { mode: 0o600 });
  sandbox.atEnd(() => rmSync(settings));
  await waitFor('the index', async () => (await ask('incidents', '--json')).includes('k8s.io/4/batch'));
  await showSnapledger(['fleet', 'nodes', '--config', 'build/fleet.toml']);
  await showSnapledger(['fleet', 'incidents', '--config', 'build/fleet.toml']);

  heading('Ask, in another terminal, in this directory:');
  console.log(`   node dist/bin/snapledger.cjs fleet holds ${library} --config build/fleet.toml`);
  say('Ctrl-C ends all of it.');
}

const missing = [requireRoot(), requireFileSystem('overlay'), requirePostgres()].find((reason) => reason !== undefined);
if (missing !== undefined) {
  console.error(`this demo ${missing}`);
  process.exit(2);
}
const sandbox = createSandbox('demo-fleet');
closeSandboxesOnSignal();
try {
  await demoFleet(sandbox);
  setInterval(() => {}, 60_000);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
  await sandbox.close();
}
