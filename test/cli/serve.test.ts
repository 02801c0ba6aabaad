import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { askDaemon } from '../../src/cli/ask-daemon.ts';
import { type Daemon, startDaemon } from '../support/daemon.ts';
import { requireFileSystem, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { waitFor } from '../support/wait-for.ts';
import { snapledger, snapledgerRun } from './process.ts';

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

async function served(context: Context): Promise<Daemon> {
  const log = join(context.sandbox.path, 'daemon.log');
  const { address } = context;
  const daemon = await startDaemon({ command: [process.execPath, snapledger, ...command(context)], address, log });
  context.sandbox.atEnd(() => daemon.stop());
  return daemon;
}

const eventsOf = async (root: string) =>
  (await snapledgerRun('log', '--json', '--root', root)).stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

test('serves both sockets, stops on SIGTERM, and leaves an orderly store', async (context) => {
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

test('is refused a root that another daemon holds, with exit status 4', async (context) => {
  const daemon = await served(context);
  const second = await snapledgerRun('serve', '--root', context.root, '--address', `${context.address}2.sock`);
  assert.is(second.status, 4);
  assert.match(second.stderr, `snapledger: root ${context.root}: is in use by`);
  assert.match(second.stderr, `"pid":${daemon.pid}`);
  assert.match(second.stderr, /^hint: /m);
});

test('ends with exit status 0 on SIGINT, even one that comes during the start', async (context) => {
  const child = spawn(process.execPath, [snapledger, ...command(context)], { stdio: 'ignore' });
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
  assert.match(verified.stdout, "snapshots/stray: its name is not a snapshot's number");
  const plan = await snapledgerRun('reconcile', '--dry-run', '--root', context.root);
  assert.equal([plan.status, plan.stdout.trimEnd().split('\n').at(-1)], [0, '1 action to do; nothing was changed']);
  assert.ok(existsSync(join(context.root, 'snapshots', 'stray')));
  const done = await snapledgerRun('reconcile', '--json', '--root', context.root);
  assert.equal(JSON.parse(done.stdout), {
    type: 'quarantine',
    path: 'snapshots/stray',
    why: "snapshots/stray: its name is not a snapshot's number",
  });
  assert.is((await snapledgerRun('verify', '--root', context.root)).status, 0);
  const tree = await snapledgerRun('tree', '--root', context.root);
  assert.equal([tree.status, tree.stdout], [0, 'ID  KIND  USAGE  AGE  KEY\n']);
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

test('says after a kill that recovery found the store open', async (context) => {
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
