import { existsSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Described } from '../../src/app/reconcile/action.ts';
import { serveHttp, serveTcp } from '../../src/http/serve-http.ts';
import { Fault } from '../../src/ports/fault.ts';
import { silent } from '../../src/ports/logger.ts';
import { httpSources } from '../support/http-sources.ts';
import { run } from '../support/run.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { waitFor } from '../support/wait-for.ts';
import { warningsDuring } from '../support/warnings.ts';

interface Context {
  sandbox: Sandbox;
  address: string;
  /** the requests for reconcile */
  asked: boolean[];
  serving: boolean;
}

const test = suite<Context>('HTTP server');

const found = { path: 'snapshots/x', id: null, layer: false, whole: false, sealed: false };
const actions: readonly (Described & { found?: unknown })[] = [
  { type: 'quarantine', id: null, path: 'snapshots/x', found, why: 'its name is not a number' },
  { type: 'declare-lost', id: 3, key: 'k', why: 'vanished' },
];

test.before.each(async (context) => {
  context.sandbox = createSandbox('http');
  context.address = join(context.sandbox.path, 'run', 'x.http.sock');
  context.asked = [];
  context.serving = true;
});
test.after.each(({ sandbox }) => sandbox.close());

async function served(context: Context) {
  const server = await serveHttp({
    address: context.address,
    logger: silent,
    sources: httpSources({
      health: () => ({ serving: context.serving, reason: 'the log has stopped: EIO' }),
      reconcile: async ({ dryRun }) => {
        context.asked.push(dryRun);
        return actions;
      },
    }),
  });
  context.sandbox.atEnd(() => server.close());
  return server;
}

function ask(address: string, method: string, path: string, body?: string | Buffer) {
  return new Promise<{ status: number; body: string; headers: Record<string, unknown> }>((resolve, reject) => {
    const asked = request({ socketPath: address, method, path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text, headers: response.headers }));
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

test('has no warning about listeners if many streams are under way, and ends them when it closes', async () => {
  let open = 0;
  const chunks = async function* (signal: AbortSignal) {
    open += 1;
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    open -= 1;
    yield '';
  };
  const { loopback, close } = await serveTcp({
    loopback: { host: '127.0.0.1', port: 0 },
    logger: silent,
    answer: async () => ({ status: 200, type: 'text/plain', body: { chunks, farewell: () => 'end' } }),
  });
  const warnings = await warningsDuring(async () => {
    const asked = Array.from({ length: 20 }, () => fetch(`http://127.0.0.1:${loopback.port}/`));
    await waitFor(
      () => `20 streams: ${open} are open`,
      () => open === 20,
    );
    await close();
    await Promise.allSettled(asked.map(async (one) => (await one).text()));
  });
  assert.equal([warnings, open], [[], 0]);
});

/** Sends raw bytes and returns what is received until the connection ends. */
function sendRaw(address: string, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(address, () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

test('answers metrics in the format of Prometheus', async (context) => {
  await served(context);
  const { status, body, headers } = await ask(context.address, 'GET', '/metrics');
  assert.equal([status, body, headers['content-type']], [200, 'up 1\n', 'text/plain; version=0.0.4']);
});

test('is alive even while not ready, and says why', async (context) => {
  await served(context);
  context.serving = false;
  assert.is((await ask(context.address, 'GET', '/healthz')).status, 200);
  const ready = await ask(context.address, 'GET', '/readyz');
  assert.equal([ready.status, ready.body], [503, 'the log has stopped: EIO\n']);
  context.serving = true;
  assert.is((await ask(context.address, 'GET', '/readyz')).status, 200);
});

test('reports the state of forwarding', async (context) => {
  await served(context);
  assert.equal(JSON.parse((await ask(context.address, 'GET', '/forward')).body), { state: 'off' });
});

test('reconciles and returns the actions without driver details', async (context) => {
  await served(context);
  const { status, body } = await ask(context.address, 'POST', '/reconcile');
  assert.is(status, 200);
  assert.equal(JSON.parse(body), [
    { type: 'quarantine', path: 'snapshots/x', why: 'its name is not a number' },
    { type: 'declare-lost', id: 3, key: 'k', why: 'vanished' },
  ]);
  await ask(context.address, 'POST', '/reconcile?dry-run=1');
  await ask(context.address, 'POST', '/reconcile?dry-run=0');
  assert.equal(context.asked, [false, true, false]);
});

test('does not reconcile if the parameters are invalid', async (context) => {
  await served(context);
  for (const query of ['dryrun=1', 'dry-run=yes', 'dry-run', 'dry-run=1&force=1'])
    assert.is((await ask(context.address, 'POST', `/reconcile?${query}`)).status, 400, query);
  assert.equal(context.asked, []);
});

test('answers 404 to an unknown path and 405 to a wrong method', async (context) => {
  await served(context);
  for (const path of ['/', '/metricsx', '/constructor', '/__proto__', '/%00'])
    assert.is((await ask(context.address, 'GET', path)).status, 404, path);
  const wrong = await ask(context.address, 'DELETE', '/metrics');
  assert.equal([wrong.status, wrong.headers.allow], [405, 'GET, HEAD']);
  assert.is((await ask(context.address, 'GET', '/reconcile')).status, 405);
  assert.equal(context.asked, []);
});

test('answers HEAD without a body', async (context) => {
  await served(context);
  const { status, body, headers } = await ask(context.address, 'HEAD', '/metrics');
  assert.equal([status, body, headers['content-length']], [200, '', '5']);
});

test('answers 500 if a source fails, and continues', async (context) => {
  const { address, sandbox } = context;
  const fail = async (): Promise<never> => {
    throw new Fault('io', 'disk is gone', { hint: 'find it' });
  };
  const server = await serveHttp({ address, logger: silent, sources: httpSources({ metrics: fail, reconcile: fail }) });
  sandbox.atEnd(() => server.close());
  const failed = await ask(address, 'POST', '/reconcile');
  assert.is(failed.status, 500);
  assert.match(failed.body, 'disk is gone');
  assert.is((await ask(address, 'GET', '/healthz')).status, 200);
});

test('survives malformed requests', async (context) => {
  await served(context);
  assert.match(await sendRaw(context.address, 'nonsense\r\n\r\n'), /^HTTP\/1.1 400/);
  assert.match(await sendRaw(context.address, `GET / HTTP/1.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1.1 4/);
  await sendRaw(context.address, 'GET http://[ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  await ask(context.address, 'POST', '/reconcile?dry-run=1', Buffer.alloc(1 << 20)).catch(() => {});
  assert.is((await ask(context.address, 'GET', '/healthz')).status, 200);
});

test('lets only its owner open the socket, and removes it at the end', async (context) => {
  const server = await served(context);
  assert.is(statSync(context.address).mode & 0o777, 0o600);
  await server.close();
  assert.not.ok(existsSync(context.address));
});

test('closes keep-alive connections', async (context) => {
  const server = await served(context);
  const open = sendRaw(context.address, 'GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n');
  await ask(context.address, 'GET', '/healthz');
  await server.close();
  assert.match(await open, /200 OK/);
});

test('replaces the socket of a dead process', async (context) => {
  const left = `require('net').createServer().listen(${JSON.stringify(context.address)}, () => process.kill(process.pid, 'SIGKILL'))`;
  context.sandbox.folder('run');
  await run(process.execPath, ['-e', left]).catch(() => {});
  assert.ok(existsSync(context.address));
  await served(context);
  assert.is((await ask(context.address, 'GET', '/healthz')).status, 200);
});

test('keeps a socket that is in use', async (context) => {
  await served(context);
  const fault = await served(context).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(fault instanceof Fault && fault.code === 'busy');
  assert.is((await ask(context.address, 'GET', '/healthz')).status, 200);
});

test('keeps a file that is in its place', async (context) => {
  context.sandbox.folder('run');
  writeFileSync(context.address, 'mine');
  const fault = await served(context).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(fault instanceof Fault && fault.code === 'misuse');
  assert.ok(existsSync(context.address));
});

test.run();
