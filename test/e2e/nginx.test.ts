import { readFileSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { createServing } from '../fault/serving.ts';
import { ask } from '../http/ask.ts';
import { startDaemon } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import { requireCommand, requireRoot, suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import type { SnapshotsClient } from '../support/snapshots-client.ts';
import { waitFor } from '../support/wait-for.ts';

interface Context {
  sandbox: Sandbox;
  client: SnapshotsClient;
  /** the HTTP port of the daemon on loopback */
  port: number;
  /** the port of nginx */
  front: number;
}

const token = '0123456789abcdef0123456789abcdef';
const test = suiteNeeding<Context>('event streams behind nginx', requireRoot(), requireCommand('nginx'));

test.before.each(async (context) => {
  const sandbox = createSandbox('nginx');
  context.sandbox = sandbox;
  context.port = await freePort();
  context.front = await freePort();
  const tokenFile = join(sandbox.path, 'token');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const settings = `[http]\nlisten = "127.0.0.1:${context.port}"\ntoken_file = "${tokenFile}"`;
  const serving = createServing(sandbox, { driver: 'memory', root: join(sandbox.path, 'root'), settings });
  await serving.start();
  context.client = serving.connect();
});
test.after.each(({ sandbox }) => sandbox.close());

/** Starts nginx with one location and its own defaults for everything that concerns a proxy. */
async function proxy({ sandbox, front }: Context, location: string): Promise<void> {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${sandbox.folder(`nginx-${name}`)};`,
  );
  const file = join(sandbox.path, 'nginx.conf');
  writeFileSync(
    file,
    `user root; daemon off; pid ${sandbox.path}/nginx.pid; error_log stderr; worker_processes 1;
    events {}
    http { access_log off; ${temporary.join(' ')} server { listen 127.0.0.1:${front}; ${location} } }\n`,
  );
  await startDaemon({
    command: ['nginx', '-c', file],
    address: front,
    log: join(sandbox.path, 'nginx.log'),
    sandbox,
  });
}

/** The block of OPERATIONS.md, for the port that is free here. */
function documented({ port }: Context): string {
  const [, block = ''] = /```nginx\n(.*?)```/s.exec(readFileSync('OPERATIONS.md', 'utf8')) ?? [];
  return block.replaceAll('7475', String(port));
}

/** Opens a stream and collects the received text. */
async function openStream({ front, sandbox }: Context, path: string, accept: string) {
  const opened = request({ port: front, host: '127.0.0.1', path, headers: { accept } });
  sandbox.atEnd(() => void opened.destroy());
  opened.on('error', () => {});
  const response = await new Promise<IncomingMessage>((resolve) => opened.once('response', resolve).end());
  let text = '';
  response.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  response.on('error', () => {});
  return { response, text: () => text };
}

const formats = ['application/x-ndjson', 'text/event-stream', 'application/cloudevents+json'];

/** Each event arrives while the stream is open, before the next change. */
async function expectLive(context: Context, path: string): Promise<void> {
  for (const [n, accept] of formats.entries()) {
    const { response, text } = await openStream(context, `${path}?follow=1&from=1`, accept);
    assert.is(response.statusCode, 200);
    await waitFor('the first event', () => text().includes('StoreCreated'));
    for (const key of [`a${n}`, `b${n}`]) {
      await context.client.prepare(key);
      await waitFor(`the event of ${key} as ${accept}`, () => text().includes(`"${key}"`));
    }
    assert.not(response.complete);
  }
}

test('arrive event by event with only proxy_pass to the unix socket', async (context) => {
  const socket = join(context.sandbox.path, 's.http.sock');
  await proxy(context, `location / { proxy_pass http://unix:${socket}:/; }`);
  await expectLive(context, '/events');
});

test('arrive event by event through loopback, configured as in OPERATIONS.md', async (context) => {
  await proxy(context, documented(context));
  await expectLive(context, '/snapledger/events');
});

test('need a Host of loopback: nginx is refused with another (421), and without a token (401)', async (context) => {
  const { port, front } = context;
  await proxy(
    context,
    `location /named/ { proxy_pass http://127.0.0.1:${port}/; proxy_set_header Host snapledger.example; }
     location /bare/ { proxy_pass http://127.0.0.1:${port}/; }`,
  );
  const statusOf = async (path: string) => (await ask({ port: front, host: '127.0.0.1', path })).status;
  assert.is(await statusOf('/named/events'), 421);
  assert.is(await statusOf('/bare/events'), 401);
});

test.run();
