import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname, release } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { askDaemon } from '../../src/cli/ask-daemon.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { daemonFile } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { snapledgerRun } from './process.ts';

interface Context {
  sandbox: Sandbox;
  root: string;
  address: string;
  http: string;
}

const test = suiteNeeding<Context>('serve with the overlay driver', requireFileSystem('overlay'));
test.before.each((context) => {
  context.sandbox = createSandbox('serve');
  context.root = join(context.sandbox.path, 'root');
  context.address = join(context.sandbox.path, 'run', 's.sock');
  context.http = join(context.sandbox.path, 'run', 's.http.sock');
});
test.after.each(({ sandbox }) => sandbox.close());

const command = ({ root, address }: Context) => ['serve', '--root', root, '--address', address] as const;

async function served(context: Context, ...flags: readonly string[]): Promise<Daemon> {
  const log = join(context.sandbox.path, 'daemon.log');
  const { address } = context;
  const daemon = await startDaemon({
    command: [process.execPath, daemonFile, ...command(context), ...flags],
    address,
    log,
  });
  context.sandbox.atEnd(() => daemon.stop());
  return daemon;
}

const eventsOf = async (root: string) =>
  (await snapledgerRun('log', '--json', '--root', root)).stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('warns if retention keeps less free than a kubelet needs, shows how much is possible, and records the node', async (context) => {
  const hidden = async () => {
    const metrics = await askDaemon(context.http, 'GET', '/metrics');
    return Number(/^snapledger_retention_hidden_from_kubelet_bytes (\d+)$/m.exec(metrics?.body ?? '')?.[1]);
  };
  const usual = await served(context, '--node', 'worker 7');
  // The daemon answers before it has compared the disk's space.
  await waitFor('the comparison', async () => (await hidden()) === 0);
  await usual.stop();
  assert.not.match(usual.log(), 'kubelet');
  const settings = join(context.sandbox.path, 'settings.toml');
  writeFileSync(settings, '[retention]\nmin_free = "5%"\nmax_bytes = 4096\n');
  const daemon = await served(context, '--config', settings);
  await waitFor('the comparison', async () => (await hidden()) === 4096);
  const opened = (await eventsOf(context.root)).filter(({ type }) => type === 'StoreOpened.v1');
  assert.equal(
    opened.map(({ data }) => [data.node.name, data.node.kernel]),
    [
      ['worker 7', release()],
      [process.env.NODE_NAME ?? hostname(), release()],
    ],
  );
  assert.match(daemon.log(), /"level":"warn".*"bytes":4096.*kubelet lacks space: keep \\"20%\\" free or more/);
});

test('serves both sockets, stops on SIGTERM, and leaves a clean store', async (context) => {
  const daemon = await served(context);
  assert.is(statSync(context.http).mode & 0o777, 0o600);
  assert.is((await askDaemon(context.http, 'GET', '/readyz'))?.status, 200);
  const metrics = await askDaemon(context.http, 'GET', '/metrics');
  assert.match(metrics?.body ?? '', /^snapledger_log_durable_position 2$/m);
  assert.match(metrics?.body ?? '', /^snapledger_events_total\{type="StoreOpened"\} 1$/m);
  await daemon.stop();
  assert.not.ok(existsSync(context.http));
  assert.not.ok(existsSync(context.address));
  const events = await eventsOf(context.root);
  assert.equal(
    events.map(({ type }) => type),
    ['StoreCreated.v1', 'StoreOpened.v1', 'StoreClosed.v1'],
  );
  assert.equal(events[2].data, { reason: 'SIGTERM' });
  for (const line of daemon.log().trimEnd().split('\n')) assert.type(JSON.parse(line).msg, 'string');
});

test('fails on a root that another daemon holds, with exit status 4', async (context) => {
  const daemon = await served(context);
  const second = await snapledgerRun('serve', '--root', context.root, '--address', `${context.address}2.sock`);
  assert.is(second.status, 4);
  assert.match(second.stderr, `snapledger: root ${context.root}: is in use by`);
  assert.match(second.stderr, `"pid":${daemon.pid}`);
  assert.match(second.stderr, /^hint: /m);
});

test('ends with exit status 0 on SIGINT, even during the start', async (context) => {
  const child = spawn(process.execPath, [daemonFile, ...command(context)], { stdio: 'ignore' });
  const exit = once(child, 'exit');
  await waitFor('the log', () => existsSync(join(context.root, 'log')));
  child.kill('SIGINT');
  assert.equal(await exit, [0, null]);
});

test('lets the other commands work while it runs', async (context) => {
  await served(context);
  mkdirSync(join(context.root, 'snapshots', 'stray'));
  writeFileSync(join(context.root, 'snapshots', 'stray', 'file'), 'mine');
  const verified = await snapledgerRun('verify', '--root', context.root);
  assert.is(verified.status, 1, verified.stderr);
  assert.match(verified.stdout, 'snapshots/stray: its name is no snapshot id');
  const plan = await snapledgerRun('reconcile', '--dry-run', '--root', context.root);
  assert.equal([plan.status, plan.stdout.trimEnd().split('\n').at(-1)], [0, '1 action to do; nothing was changed']);
  assert.ok(existsSync(join(context.root, 'snapshots', 'stray')));
  const done = await snapledgerRun('reconcile', '--json', '--root', context.root);
  assert.equal(JSON.parse(done.stdout), {
    type: 'quarantine',
    path: 'snapshots/stray',
    why: 'snapshots/stray: its name is no snapshot id',
  });
  assert.is((await snapledgerRun('verify', '--root', context.root)).status, 0);
  const tree = await snapledgerRun('tree', '--root', context.root);
  assert.equal([tree.status, tree.stdout], [0, 'ID  KIND  USAGE  AGE  KEY\n']);
});

test('serves its events on the socket, and on loopback with the token', async (context) => {
  const { sandbox, root, address, http } = context;
  const file = join(sandbox.path, 'token');
  writeFileSync(file, '0123456789abcdef0123456789abcdef\n', { mode: 0o600 });
  const port = await freePort();
  const listening = ['--http-listen', `127.0.0.1:${port}`, '--http-token-file', file];
  const daemon = await startDaemon({
    command: [process.execPath, daemonFile, ...command(context), ...listening],
    address,
    log: join(sandbox.path, 'daemon.log'),
    sandbox,
  });
  const local = await askDaemon(http, 'GET', '/events');
  const text = await readFile(join(root, 'log', '00000000000000000001.log'), 'utf8');
  const lines = text.replaceAll('\0', '').trimEnd().split('\n').slice(1);
  assert.is(local?.body, lines.map((line) => `${JSON.stringify(JSON.parse(line).event)}\n`).join(''));
  const url = `http://127.0.0.1:${port}/events`;
  assert.is((await fetch(url)).status, 401);
  const remote = await fetch(url, { headers: { authorization: 'Bearer 0123456789abcdef0123456789abcdef' } });
  assert.equal([remote.status, await remote.text()], [200, local?.body]);
  const metrics = await askDaemon(http, 'GET', '/metrics');
  assert.match(metrics?.body ?? '', /^snapledger_pipeline_lag_events\{pipeline="purge"\} 0$/m);
  assert.match(metrics?.body ?? '', /^snapledger_subscribers 0$/m);
  await daemon.stop();
});

test('does not start if its token is readable by others, or missing', async (context) => {
  const file = join(context.sandbox.path, 'token');
  writeFileSync(file, '0123456789abcdef0123456789abcdef\n', { mode: 0o644 });
  const listening = ['--http-listen', '127.0.0.1:7475', '--http-token-file', file];
  const open = await snapledgerRun(...command(context), ...listening);
  assert.equal([open.status, open.stderr.includes('others than its owner may read it')], [2, true]);
  const none = await snapledgerRun(...command(context), '--http-listen', '127.0.0.1:7475');
  assert.equal([none.status, none.stderr.includes('http.listen: needs http.token_file')], [2, true]);
  assert.not.ok(existsSync(context.root));
});

test('reconciles a stopped store under its lock', async (context) => {
  const daemon = await served(context);
  await daemon.stop();
  mkdirSync(join(context.root, 'snapshots', 'stray'));
  const plan = await snapledgerRun('reconcile', '--dry-run', '--root', context.root);
  assert.match(plan.stdout, '1 action to do; nothing was changed');
  const done = await snapledgerRun('reconcile', '--root', context.root);
  assert.equal([done.status, done.stdout.trimEnd().split('\n').at(-1)], [0, '1 action done']);
  assert.is(readdirSync(join(context.root, 'quarantine')).length, 1);
  assert.is((await snapledgerRun('verify', '--root', context.root)).status, 0);
});

test('reports after a kill that recovery found the store open', async (context) => {
  const daemon = await served(context);
  await daemon.kill();
  const next = await served(context);
  await next.stop();
  const opened = (await eventsOf(context.root)).filter(({ type }) => type === 'StoreOpened.v1');
  assert.equal(
    opened.map(({ data }) => data.clean),
    [true, false],
  );
});

test.run();
