import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { ask } from '../../http/ask.ts';
import { type Daemon, startDaemon } from '../../support/daemon.ts';
import { freePort } from '../../support/free-port.ts';
import { suiteNeeding } from '../../support/requirements.ts';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';
import { waitFor } from '../../support/wait-for.ts';

interface Context {
  sandbox: Sandbox;
  port: number;
}

const token = '0123456789abcdef0123456789abcdef';
const test = suiteNeeding<Context>("console on the daemon's listener");
test.before.each(async (context) => {
  context.sandbox = createSandbox('console-daemon');
  context.port = await freePort();
});
test.after.each(({ sandbox }) => sandbox.close());

async function served(
  { sandbox, port }: Context,
  setting = '',
  env: Readonly<Record<string, string>> = {},
): Promise<Daemon> {
  const { path } = sandbox;
  writeFileSync(join(path, 'token'), token, { mode: 0o600 });
  writeFileSync(
    join(path, 'config.toml'),
    `driver = "memory"\n[http]\nlisten = "127.0.0.1:${port}"\ntoken_file = "${join(path, 'token')}"\n${setting}`,
  );
  const address = join(path, 's.sock');
  const args = ['serve', '--root', join(path, 'root'), '--address', address, '--config', join(path, 'config.toml')];
  return startDaemon({
    command: [process.execPath, daemonFile, ...args],
    ...{ address, log: join(path, 'daemon.log'), env, sandbox },
  });
}

const asking =
  ({ port }: Context) =>
  (method: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
    ask({ host: '127.0.0.1', port, method, path, headers: { host: `localhost:${port}`, ...headers } });

const cookieOf = ({ headers }: { readonly headers: Readonly<Record<string, unknown>> }) =>
  String((headers['set-cookie'] as readonly string[])[0]).split(';')[0] ?? '';

test('access: the token of the listener is exchanged for a cookie; the rest of the listener still needs the token', async (context) => {
  await served(context, '[retention]\nmax_snapshots = 7\n');
  const send = asking(context);
  assert.is((await send('GET', '/console/api/session')).status, 401);
  assert.is((await send('POST', '/console/login', { authorization: 'Bearer wrong' })).status, 401);
  const login = await send('POST', '/console/login', { authorization: `Bearer ${token}` });
  assert.is(login.status, 204);
  const cookie = cookieOf(login);
  const session = JSON.parse((await send('GET', '/console/api/session', { cookie })).body);
  assert.equal([session.live, session.readOnly, session.driver, session.error], [true, true, 'memory', null]);
  const health = JSON.parse((await send('GET', '/console/api/health', { cookie })).body);
  assert.equal([health.daemon.serving, health.forward.state], [true, 'off']);
  assert.ok(health.pipelines.length > 3 && health.flush.count > 0, JSON.stringify(health));
  // Of the daemon's settings file, not of the default one.
  assert.is(health.retention.maxSnapshots, 7);
  const flushes = JSON.parse((await send('GET', '/console/api/flushes', { cookie })).body);
  assert.equal([flushes.daemon, Array.isArray(flushes.points)], [true, true]);
  assert.ok(flushes.total.count >= health.flush.count, JSON.stringify(flushes));
  assert.is((await send('GET', '/console/api/session', { cookie, host: 'evil.example' })).status, 421);
  assert.is((await send('GET', '/stats', { cookie })).status, 401);
});

/** Sends the text of a request on a connection of its own, and resolves with the first line of the answer. */
const sendText = ({ port }: Context, text: string) =>
  new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.on('error', reject).once('close', () => resolve('closed'));
    socket.once('data', (data) => {
      resolve(String(data).split('\r\n')[0] ?? '');
      socket.destroy();
    });
  });

test('requests: headers about the connection and the body neither fail the daemon nor reach the next request', async (context) => {
  const daemon = await served(context);
  // What comes before the console has started is not passed on.
  await asking(context)('POST', '/console/login', { authorization: `Bearer ${token}` });
  const get = (...headers: readonly string[]) =>
    sendText(context, ['GET /console/api/none HTTP/1.1', 'Host: localhost', ...headers, '', ''].join('\r\n'));
  const refused = 'HTTP/1.1 401 Unauthorized';
  for (const header of ['Trailer: x', 'Connection: upgrade', 'TE: trailers', 'Expect: 100-continue'])
    assert.match(await get(header), /^HTTP\/1\.1 (401|100)/, header);
  for (let round = 0; round < 3; round++) {
    const body = `Content-Length: 300\r\n\r\n${'x'.repeat(300)}`;
    assert.is(await sendText(context, `POST /console/api/none HTTP/1.1\r\nHost: localhost\r\n${body}`), refused);
    assert.is(await get(), refused);
  }
  assert.is(await sendText(context, 'GET /console/api/none HTTP/1.0\r\n\r\n'), 'HTTP/1.1 400 Bad Request', 'no Host');
  await daemon.stop();
});

test('login: the permanent token is taken by POST only, and only with it the console starts', async (context) => {
  const { pid } = await served(context);
  const send = asking(context);
  const threads = () => readdirSync(`/proc/${pid}/task`).length;
  /** Of what has just started, some begin or end a little later. */
  const settled = async () => {
    let [count, since] = [0, 0];
    await waitFor(
      () => `no thread to begin or end: ${count}`,
      () => {
        since = threads() === count ? since + 1 : 0;
        count = threads();
        return since > 5;
      },
    );
    return count;
  };
  const authorization = `Bearer ${token}`;
  const before = await settled();
  const cookie = `snapledger-console-0a1b2c3d=${'x'.repeat(43)}`;
  assert.ok([200, 503].includes((await send('GET', '/console/')).status), 'the page, if it is built');
  assert.is((await send('GET', '/console')).status, 303);
  assert.is((await send('GET', '/console/../../token')).status, 404);
  assert.is((await send('GET', '/console/api/session', { cookie })).status, 401);
  assert.is((await send('GET', '/console/api/session', { authorization })).status, 401);
  assert.is((await send('GET', `/console/login?token=${token}`)).status, 401);
  assert.is((await send('POST', '/console/login', { authorization, host: 'evil.example' })).status, 421);
  assert.is((await send('POST', '/console/login', { authorization, origin: 'http://evil.example' })).status, 403);
  const during = threads();
  assert.ok(during <= before, `${during} threads instead of ${before}`);
  assert.is((await send('POST', '/console/login', { authorization })).status, 204);
  assert.ok(threads() > during, 'a thread');
  const inAddress = await send('GET', `/console/login?token=${token}`);
  assert.equal([inAddress.status, inAddress.headers['set-cookie']], [405, undefined]);
});

test('changes: are refused unless the settings offer them', async (context) => {
  const daemon = await served(context);
  const send = asking(context);
  const change = async () => {
    const cookie = cookieOf(await send('POST', '/console/login', { authorization: `Bearer ${token}` }));
    const { csrf } = JSON.parse((await send('GET', '/console/api/session', { cookie })).body);
    return send('POST', '/console/api/reconcile?confirm=reconcile', { cookie, 'snapledger-csrf': csrf });
  };
  assert.is((await change()).status, 403);
  await daemon.stop();
  await served(context, 'console = "full"\n');
  const done = await change();
  assert.equal([done.status, done.body], [200, '[]\n']);
});

test('settings: with "off" there is no console', async (context) => {
  await served(context, 'console = "off"\n');
  const send = asking(context);
  assert.is((await send('GET', '/console/')).status, 401);
  assert.is((await send('GET', '/console/', { authorization: `Bearer ${token}` })).status, 404);
});

/** Files that a process has loaded, by the coverage that V8 writes at its end. */
function loadedIn(directory: string): readonly string[] {
  const reports = readdirSync(directory).map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')));
  const urls = reports.flatMap(({ result }: { result: { url: string }[] }) => result.map(({ url }) => url));
  return urls.filter((url) => url.startsWith('file:')).map((url) => fileURLToPath(url));
}

test('cost: a daemon loads no code of the console until it is asked for', async (context) => {
  /** Texts of the server, which runs on a thread, and of what starts that. */
  const holdsConsole = (file: string) => /snapledger-csrf|the console failed/.test(readFileSync(file, 'utf8'));
  for (const asked of [false, true]) {
    const coverage = context.sandbox.folder(`coverage-${asked}`);
    mkdirSync(coverage, { recursive: true });
    const daemon = await served(context, '', { NODE_V8_COVERAGE: coverage });
    assert.is((await asking(context)('GET', asked ? '/console/api/session' : '/healthz')).status, 401);
    await daemon.stop();
    const loaded = loadedIn(coverage);
    assert.ok(
      loaded.some((file) => file.endsWith('.js')),
      'no report',
    );
    assert.is(loaded.some(holdsConsole), asked);
  }
});

test.run();
