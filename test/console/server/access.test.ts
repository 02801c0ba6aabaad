import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createSandbox, type Sandbox } from '../../support/sandbox.ts';
import { serveTestConsole } from './console-of.ts';

interface Context {
  sandbox: Sandbox;
}

const test = suite<Context>('console server: access');
test.before.each((context) => {
  context.sandbox = createSandbox('console');
});
test.after.each(({ sandbox }) => sandbox.close());

test('login: a token is exchanged once for a cookie that scripts and other sites do not get', async ({ sandbox }) => {
  const { ask, issue, port } = await serveTestConsole(sandbox);
  const path = new URL(`/console/login?token=${issue()}`, 'http://x').href.slice('http://x'.length);
  const first = await ask('GET', path);
  assert.equal([first.status, first.headers.location], [303, '/console/']);
  const [cookie = ''] = first.headers['set-cookie'] ?? [];
  assert.match(cookie, /^snapledger-console-[0-9a-f]{8}=[\w-]{43}; Path=\/console; HttpOnly; SameSite=Strict$/);
  const again = await ask('GET', path);
  assert.is(again.status, 401);
  assert.match(again.body, 'used already');
  assert.is(again.headers['set-cookie'], undefined);
  const [pair = ''] = cookie.split(';');
  assert.is((await ask('GET', '/console/api/session', { cookie: `a=b; ${pair}` })).status, 200);
  assert.is((await ask('GET', '/console/api/session', { cookie: pair.slice(0, -1) })).status, 401);
  assert.is((await ask('GET', '/console/api/session', { host: `localhost:${port + 1}`, cookie: pair })).status, 200);
});

test('login: the page can send a token, and a wrong one is refused', async ({ sandbox }) => {
  const { ask, issue } = await serveTestConsole(sandbox);
  const send = (authorization: string) => ask('POST', '/console/login', { authorization });
  for (const wrong of ['', 'Bearer', 'Bearer x', `Basic ${issue()}`, `Bearer ${issue()}x`])
    assert.is((await send(wrong)).status, 401, wrong);
  const right = await send(`Bearer ${issue()}`);
  assert.is(right.status, 204);
  assert.is(right.headers['set-cookie']?.length, 1);
  assert.is((await ask('GET', '/console/login')).status, 401);
});

test('login: only the newest tokens that nobody used are good', async ({ sandbox }) => {
  const { ask, issue } = await serveTestConsole(sandbox);
  const [oldest = '', ...others] = Array.from({ length: 9 }, issue);
  assert.is((await ask('GET', `/console/login?token=${oldest}`)).status, 401);
  for (const token of others) assert.is((await ask('GET', `/console/login?token=${token}`)).status, 303);
});

test('requests: without the cookie only the page is served', async ({ sandbox }) => {
  const { ask } = await serveTestConsole(sandbox);
  assert.is((await ask('GET', '/console/')).status, 200);
  for (const path of ['session', 'live', 'poll', 'health', 'verify', 'density', 'log', 'forest', 'openapi.json']) {
    const { status, body } = await ask('GET', `/console/api/${path}`);
    assert.is(status, 401, path);
    assert.match(body, 'hint: ');
  }
  for (const path of ['restore?name=7', 'reconcile'])
    assert.is((await ask('POST', `/console/api/${path}`)).status, 401);
});

test('requests: another Host, Origin or site is refused, whatever the cookie', async ({ sandbox }) => {
  const { ask, login, port } = await serveTestConsole(sandbox);
  await login();
  const status = async (headers: Readonly<Record<string, string>>) =>
    (await ask('GET', '/console/api/session', headers)).status;
  for (const host of [
    'evil.example',
    `evil.example:${port}`,
    `localhost.evil.example:${port}`,
    `127.0.0.2:${port}`,
    '[::2]',
  ])
    assert.is(await status({ host }), 421, host);
  for (const host of [`LOCALHOST:${port}`, `[::1]:${port}`, 'localhost']) assert.is(await status({ host }), 200, host);
  for (const origin of ['http://evil.example', 'null', `https://127.0.0.1:${port}`, `http://127.0.0.1:${port + 1}`])
    assert.is(await status({ origin }), 403, origin);
  assert.is(await status({ origin: `http://127.0.0.1:${port}` }), 200);
  for (const site of ['cross-site', 'same-site'])
    assert.is(await status({ 'sec-fetch-site': site, 'sec-fetch-mode': 'cors' }), 403, site);
  assert.is(await status({ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }), 200);
});

test('answers: each forbids foreign content, framing, sniffing and keeping', async ({ sandbox }) => {
  const { ask, login } = await serveTestConsole(sandbox);
  await login();
  for (const path of [
    '/',
    '/x',
    '/console/',
    '/console/none.js',
    '/console/api/session',
    '/console/api/none',
    '/console/login',
  ]) {
    const { headers } = await ask('GET', path);
    const policy = String(headers['content-security-policy']);
    assert.match(policy, "default-src 'none'; script-src 'self'; style-src 'self'");
    assert.match(policy, "frame-ancestors 'none'");
    assert.not.match(policy, 'unsafe');
    assert.equal(
      [headers['x-content-type-options'], headers['cache-control'], headers['referrer-policy']],
      ['nosniff', 'no-store', 'no-referrer'],
      path,
    );
  }
});

test('files: those of the page are served, and none outside of it', async ({ sandbox }) => {
  const { ask } = await serveTestConsole(sandbox);
  assert.is((await ask('GET', '/')).headers.location, '/console/');
  assert.is((await ask('GET', '/console')).headers.location, '/console/');
  const script = await ask('GET', '/console/assets/main-1a2b.js');
  assert.equal(
    [script.status, script.body, script.headers['content-type']],
    [200, 'export {};', 'text/javascript; charset=utf-8'],
  );
  for (const path of [
    '../secret.txt',
    '..%2fsecret.txt',
    'assets/../../secret.txt',
    '%2e%2e/secret.txt',
    './index.html',
    'assets',
    'assets/',
    'x.html',
    'index.html%00.js',
  ])
    assert.is((await ask('GET', `/console/${path}`)).status, 404, path);
  assert.is((await ask('POST', '/console/')).status, 405);
});

test('files: a build without the page says so', async ({ sandbox }) => {
  const { ask } = await serveTestConsole(sandbox, { page: false });
  const { status, body } = await ask('GET', '/console/');
  assert.is(status, 503);
  assert.match(body, 'hint: ');
});

test('changes: need the CSRF token of the session and a confirmation', async ({ sandbox }) => {
  const { ask, login, acted } = await serveTestConsole(sandbox);
  const csrf = await login();
  const statusOf = async (path: string, token?: string) =>
    (await ask('POST', `/console/api/${path}`, token === undefined ? {} : { 'snapledger-csrf': token })).status;
  assert.is(await statusOf('restore?name=7&confirm=7'), 403);
  assert.is(await statusOf('restore?name=7&confirm=7', `${csrf.slice(1)}x`), 403);
  assert.is(await statusOf('reconcile?confirm=reconcile', ''), 403);
  assert.is(await statusOf('restore?name=7', csrf), 428);
  assert.is(await statusOf('restore?name=7&confirm=8', csrf), 428);
  assert.is(await statusOf('reconcile', csrf), 428);
  assert.is((await ask('GET', '/console/api/restore?name=7&confirm=7')).status, 405);
  assert.equal(acted, []);
  assert.is(await statusOf('restore?name=7&confirm=7', csrf), 200);
  assert.is(await statusOf('reconcile?dry-run=1', csrf), 200);
  assert.is(await statusOf('reconcile?confirm=reconcile', csrf), 200);
  assert.equal(acted, ['restore 7', 'reconcile true', 'reconcile false']);
});

test('changes: a console that only reads refuses them all', async ({ sandbox }) => {
  const { ask, login, acted } = await serveTestConsole(sandbox, { readOnly: true });
  const headers = { 'snapledger-csrf': await login() };
  for (const path of ['restore?name=7&confirm=7', 'reconcile?confirm=reconcile', 'reconcile?dry-run=1']) {
    const { status, body } = await ask('POST', `/console/api/${path}`, headers);
    assert.is(status, 403);
    assert.match(body, 'only reads');
  }
  assert.equal(acted, []);
  assert.is(JSON.parse((await ask('GET', '/console/api/session')).body).readOnly, true);
});

test.run();
