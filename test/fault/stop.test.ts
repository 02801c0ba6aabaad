import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../cli/process.ts';
import { eventsOf as typesIn } from '../support/inspect-store.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { daemonFile } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { type DriverUnderTest, driversUnderTest, overlay } from './drivers.ts';
import { createServing, type Serving } from './serving.ts';

interface Context {
  sandbox: Sandbox;
}

/** The entries of a layer: a walk over them takes much longer than a stop. */
const files = 15_000;

function suiteOf(name: string, driver: DriverUnderTest) {
  const test = suiteNeeding<Context>(name, ...driver.needs);
  test.before.each((context) => {
    context.sandbox = createSandbox('stop');
  });
  test.after.each(({ sandbox }) => sandbox.close());
  return test;
}

const served = ({ sandbox }: Context, driver: DriverUnderTest, settings = ''): Serving =>
  createServing(sandbox, { driver: driver.name, root: driver.newRoot(sandbox), settings });

/** Creates that many entries, in a few directories. */
function fill(layer: string): void {
  for (let folder = 0; folder < 3; folder++) {
    const path = join(layer, `folder-${folder}`);
    mkdirSync(path);
    writeFileSync(join(path, 'first'), 'x');
    for (let n = 0; n < files / 3; n++) linkSync(join(path, 'first'), join(path, `${n}`));
  }
}

const left = (root: string) => readdirSync(join(root, 'snapshots')).length;

for (const driver of driversUnderTest) {
  const test = suiteOf(`stop on ${driver.name}`, driver);

  test('aborts purges and measurements, ends in order, and the next start continues', async (context) => {
    const serving = served(context, driver);
    const daemon = await serving.start();
    const client = serving.connect();
    for (const [index, key] of ['a', 'b', 'measured'].entries()) {
      await client.prepare(key);
      fill(driver.layer(serving.root, { id: index + 1, kind: 'active' }));
    }
    const measured = client.usage('measured').catch(() => {});
    for (const key of ['a', 'b']) await client.remove(key);
    const cleaned = client.cleanup().catch(() => {});
    await daemon.stop();
    await Promise.all([measured, cleaned]);
    client.close();
    assert.is((await typesIn(serving.root)).at(-1), 'StoreClosed');
    if (driver.name === 'overlay') assert.is(left(serving.root), 3, 'nothing of it was waited for');
    const next = await serving.start();
    const purged = async () => (await typesIn(serving.root)).filter((type) => type === 'VolumePurged').length === 2;
    await waitFor('the purges', purged);
    assert.is(left(serving.root), 1);
    await next.stop();
    assert.is((await typesIn(serving.root)).at(-1), 'StoreClosed');
  });

  test.run();
}

const test = suiteOf('stop', overlay);

test('does not wait for hanging clients, on either socket', async (context) => {
  const serving = served(context, overlay);
  const daemon = await serving.start();
  const address = join(context.sandbox.path, 's.sock');
  const http = join(context.sandbox.path, 's.http.sock');
  // A subscriber that reads nothing, an unfinished request, and a call with half a message.
  const subscriber = connect(http).pause();
  subscriber.write('GET /events?follow=true HTTP/1.1\r\nHost: x\r\n\r\n');
  const unfinished = connect(http);
  unfinished.write('GET /metrics HTTP/1.1\r\nHo');
  const session = connectHttp2('http://localhost', { createConnection: () => connect(address) });
  const call = session.request({
    ':method': 'POST',
    ':path': '/containerd.services.snapshots.v1.Snapshots/Stat',
    'content-type': 'application/grpc',
  });
  call.write(Buffer.from([0, 0, 0, 0, 100, 10]));
  for (const one of [subscriber, unfinished, session, call]) one.on('error', () => {});
  context.sandbox.atEnd(() => {
    for (const one of [subscriber, unfinished, session]) one.destroy();
  });
  await Promise.all([subscriber, unfinished, session].map((one) => once(one, 'connect')));
  await daemon.stop();
  assert.is((await typesIn(serving.root)).at(-1), 'StoreClosed');
});

test('does not wait for a running export', async (context) => {
  const serving = served(context, overlay);
  const daemon = await serving.start();
  const client = serving.connect();
  await client.prepare('a');
  client.close();
  const file = join(context.sandbox.path, 'export');
  const exporting = spawn(process.execPath, [daemonFile, 'export', file, '--root', serving.root]);
  const exit = once(exporting, 'exit');
  context.sandbox.atEnd(() => void exporting.kill('SIGKILL'));
  exporting.kill('SIGSTOP');
  await daemon.stop();
  exporting.kill('SIGCONT');
  assert.equal(await exit, [0, null]);
  const copy = join(context.sandbox.path, 'copy');
  assert.is((await snapledgerRun('import', file, '--root', copy)).status, 0);
});

/** A cluster node that accepts connections and never answers. */
async function silentNode({ sandbox }: Context): Promise<string> {
  const node: Server = createServer((socket) => void socket.on('error', () => {})).listen(0, '127.0.0.1');
  await once(node, 'listening');
  sandbox.atEnd(() => void node.close());
  return `kurrentdb://127.0.0.1:${(node.address() as AddressInfo).port}?tls=false`;
}

test('does not wait for a cluster that does not answer', async (context) => {
  const serving = served(context, overlay, `[forward]\nurl = "${await silentNode(context)}"\n`);
  const daemon = await serving.start();
  const client = serving.connect();
  await client.prepare('a');
  client.close();
  await daemon.stop();
  assert.is((await typesIn(serving.root)).at(-1), 'StoreClosed');
});

test('aborts a start that does not finish', async (context) => {
  const root = join(context.sandbox.path, 'root');
  const address = join(context.sandbox.path, 's.sock');
  const url = await silentNode(context);
  const starting = spawn(process.execPath, [daemonFile, 'serve', '--root', root, '--address', address, '--log', url]);
  const exit = once(starting, 'exit');
  let said = '';
  starting.stderr.on('data', (bytes: Buffer) => {
    said += bytes;
  });
  context.sandbox.atEnd(() => void starting.kill('SIGKILL'));
  await waitFor('the lock', () => existsSync(join(root, 'lock')) && readFileSync(join(root, 'lock'), 'utf8') !== '');
  starting.kill('SIGTERM');
  assert.equal(await exit, [0, null], said);
});

test.run();
