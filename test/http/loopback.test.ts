import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { serveHttp } from '../../src/http/serve-http.ts';
import { silent } from '../../src/ports/logger.ts';
import { caughtFault } from '../support/caught-fault.ts';
import { httpSources } from '../support/http-sources.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { ask } from './ask.ts';

interface Context {
  sandbox: Sandbox;
  address: string;
}

const test = suite<Context>('HTTP on loopback');
const token = '0123456789abcdef0123456789abcdef';

test.before.each((context) => {
  context.sandbox = createSandbox('loopback');
  context.address = join(context.sandbox.path, 'x.http.sock');
});
test.after.each(({ sandbox }) => sandbox.close());

async function served({ sandbox, address }: Context, host = '127.0.0.1', port = 0) {
  const server = await serveHttp({
    address,
    logger: silent,
    loopback: { host, port, token },
    sources: httpSources(),
  });
  sandbox.atEnd(() => server.close());
  return server.loopback?.port ?? 0;
}

const bearer = (text = token) => ({ authorization: `Bearer ${text}` });

test('accepts the token, by every name of loopback', async (context) => {
  const port = await served(context);
  for (const host of ['localhost', '127.0.0.1', '[::1]', 'LOCALHOST']) {
    const headers = { ...bearer(), host: `${host}:${port}` };
    const { status, body } = await ask({ port, host: '127.0.0.1', path: '/metrics', headers });
    assert.equal([status, body], [200, 'up 1\n'], host);
  }
});

test('listens on ::1 as well', async (context) => {
  const port = await served(context, '::1');
  const headers = { ...bearer(), host: `[::1]:${port}` };
  assert.is((await ask({ port, host: '::1', path: '/healthz', headers })).status, 200);
});

test('explains to a client without token how to send one (401)', async (context) => {
  const port = await served(context);
  for (const authorization of ['', 'Basic dXNlcjpwYXNz', 'Bearer', `Bearer ${token} more`, token]) {
    const headers = { host: `localhost:${port}`, authorization };
    const answer = await ask({ port, host: '127.0.0.1', path: '/healthz', headers });
    assert.is(answer.status, 401, authorization);
    assert.match(answer.body, 'Authorization: Bearer TOKEN');
    assert.match(String(answer.headers['www-authenticate']), 'Bearer');
  }
});

test('rejects a wrong token (403), even one with the right start', async (context) => {
  const port = await served(context);
  for (const wrong of ['x', token.slice(0, -1), `${token}0`, token.toUpperCase()]) {
    const headers = { ...bearer(wrong), host: `localhost:${port}` };
    const answer = await ask({ port, host: '127.0.0.1', path: '/reconcile', method: 'POST', headers });
    assert.is(answer.status, 403, wrong);
    assert.match(answer.body, 'http.token_file');
  }
});

test('rejects another Host, whatever the token (421)', async (context) => {
  const port = await served(context);
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    'localhost',
    `localhost:${port + 1}`,
    `localhost.:${port}`,
  ]) {
    const answer = await ask({ port, host: '127.0.0.1', path: '/metrics', headers: { ...bearer(), host } });
    assert.is(answer.status, 421, host);
    assert.match(answer.body, `localhost:${port}`);
  }
});

test('needs neither on the unix socket', async (context) => {
  await served(context);
  const { status } = await ask({ socketPath: context.address, path: '/healthz', headers: { host: 'any' } });
  assert.is(status, 200);
});

test('reports that another process has the port, and leaves no socket behind', async (context) => {
  const other = createServer().listen(0, '127.0.0.1');
  context.sandbox.atEnd(() => void other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const { port } = other.address() as { port: number };
  const fault = await caughtFault(served(context, '127.0.0.1', port));
  assert.equal([fault.code, fault.message], ['busy', `http.listen: another process listens on 127.0.0.1 port ${port}`]);
  await served(context);
});

test.run();
