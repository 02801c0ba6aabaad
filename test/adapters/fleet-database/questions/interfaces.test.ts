import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { fleetQueries } from '../../../../src/app/fleet/questions/queries.ts';
import { serveFleet } from '../../../../src/compose/fleet-questions.ts';
import { answerFleet, fleetRoutes } from '../../../../src/http/fleet-routes.ts';
import type { Schema } from '../../../../src/http/json-schema.ts';
import { silent } from '../../../../src/ports/logger.ts';
import { snapledgerRun } from '../../../cli/process.ts';
import { ask } from '../../../http/ask.ts';
import { misfits } from '../../../http/schema.ts';
import { caughtFault } from '../../../support/caught-fault.ts';
import { base, fillExampleFleet, top } from '../../../support/fleet/example-fleet.ts';
import { type FleetServer, startFleetServer } from '../../../support/fleet/fleet-server.ts';
import { freePort } from '../../../support/free-port.ts';
import { requirePostgres } from '../../../support/postgres.ts';
import { suiteNeeding } from '../../../support/requirements.ts';
import { createSandbox } from '../../../support/sandbox.ts';

const test = suiteNeeding('fleet: commands and HTTP', requirePostgres());
const sandbox = createSandbox('fleet-http');
let server: FleetServer;

test.before(async () => {
  server = await startFleetServer();
  await fillExampleFleet(server);
});
test.after(async () => {
  await server.end();
  await sandbox.close();
});

/** Each question as a command, and the same as a path. */
const questions: readonly (readonly [args: readonly string[], path: string])[] = [
  [['nodes'], '/nodes'],
  [['holds', base], `/holds?layer=${base}`],
  [['holds', '--image', 'docker.io/library/web:1'], '/holds?image=docker.io/library/web:1'],
  [['history', top], `/history?layer=${top}`],
  [['incidents', '--since', '2020-01-01'], '/incidents?since=2020-01-01'],
  [['usage'], '/usage'],
  [['usage', '--by', 'image'], '/usage?by=image'],
  [['usage', '--by', 'namespace', '--since', '2020-01-01'], '/usage?by=namespace&since=2020-01-01'],
  [['unused', '--for', '1d'], '/unused?for=1d'],
  [['diff', 'node-a', 'node-b'], '/diff?left=node-a&right=node-b'],
  [['at', '2026-11-24'], '/at?time=2026-11-24'],
  [['at', '2026-11-24', '--node', '1111'], '/at?time=2026-11-24&node=1111'],
  [['lag'], '/lag'],
];

const command = (...args: readonly string[]) => snapledgerRun('fleet', ...args, '--database', server.url);
const served = (url: string) =>
  answerFleet({ method: 'GET', url, headers: {} }, server.source(BigInt(Date.now()) * 1_000_000n));
const document = JSON.parse(
  String((await answerFleet({ method: 'GET', url: '/openapi.json', headers: {} }, {} as never)).body),
);

for (const [args, path] of questions)
  test(`fleet ${args.join(' ')}: has a table, and the rows of ${path}, which the OpenAPI document describes`, async () => {
    const [json, table, answer] = await Promise.all([command(...args, '--json'), command(...args), served(path)]);
    assert.is(json.status, 0, json.stderr);
    assert.is(answer.status, 200, String(answer.body));
    const rows = JSON.parse(String(answer.body));
    assert.ok(rows.length > 0);
    assert.equal(
      json.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
      rows,
    );
    assert.is(table.status, 0, table.stderr);
    assert.ok(table.stdout.split('\n').length > rows.length);
    const schema: Schema =
      document.paths[path.split('?')[0] ?? ''].get.responses[200].content['application/json'].schema;
    assert.equal(misfits(rows, schema, document.components.schemas), []);
  });

test('fleet: every question is tried here', () => {
  assert.equal(new Set(questions.map(([[name]]) => name)), new Set(Object.keys(fleetQueries)));
  const paths = fleetRoutes.map(({ path }) => path);
  assert.equal(Object.keys(document.paths).sort(), [...paths].sort());
});

const wrong: readonly (readonly [args: readonly string[], exit: number, path: string, status: number])[] = [
  [['holds'], 2, '/holds', 400],
  [['holds', base, '--image', 'a'], 2, `/holds?layer=${base}&image=a`, 400],
  [['holds', 'nothing'], 1, '/holds?layer=nothing', 404],
  [['holds', '--image', 'nothing'], 1, '/holds?image=nothing', 404],
  [['history', 'nothing'], 1, '/history?layer=nothing', 404],
  [['at', 'noon'], 2, '/at?time=noon', 400],
  [['at', '999999999w'], 2, '/at?time=999999999w', 400],
  [['usage', '--since', '999999999w'], 2, '/usage?since=999999999w', 400],
  [['at', '1d', '--node', 'nothing'], 1, '/at?time=1d&node=nothing', 404],
  [['usage', '--by', 'colour'], 2, '/usage?by=colour', 400],
  [['usage', '--by', 'image', '--since', '1d'], 2, '/usage?by=image&since=1d', 400],
  [['diff', 'node-a', 'node'], 1, '/diff?left=node-a&right=node', 404],
  [['incidents', '--kind', 'bad'], 2, '/incidents?kind=bad', 400],
];

for (const [args, exit, path, status] of wrong)
  test(`fleet ${args.join(' ')}: fails with exit status ${exit}, and over HTTP with ${status}`, async () => {
    const failed = await command(...args);
    assert.is(failed.status, exit, failed.stderr);
    assert.match(failed.stderr, /^snapledger: .*\nhint: ./);
    const answer = await served(path);
    assert.is(answer.status, status, String(answer.body));
  });

test('fleet: a password in an argument is refused, and never shown', async () => {
  const { status, stderr } = await snapledgerRun('fleet', 'nodes', '--database', 'postgres://a:geheim@127.0.0.1:1/b');
  assert.is(status, 2);
  assert.not.match(stderr, 'geheim');
});

test('fleet serve: answers clients with the token, and no page under another name', async () => {
  const token = 'a-token-of-more-than-16';
  const tokenFile = join(sandbox.path, 'token');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const listen = { host: '127.0.0.1', port: await freePort() };
  const daemon = await serveFleet({ database: server.url, listen, tokenFile }, silent);
  try {
    const get = (path: string, headers: Readonly<Record<string, string>> = {}) =>
      ask({ ...listen, path, headers: { authorization: `Bearer ${token}`, ...headers } });
    assert.equal(JSON.parse((await get('/nodes')).body).length, 2);
    assert.is((await get('/healthz')).body, 'ok\n');
    assert.is((await get('/nodes', { authorization: '' })).status, 401);
    assert.is((await get('/nodes', { authorization: 'Bearer of-another-token-xx' })).status, 403);
    assert.is((await get('/nodes', { host: 'evil.example' })).status, 421);
    assert.is((await get('/restore?name=1')).status, 404);
  } finally {
    await daemon.stop('test');
  }
});

test('fleet serve: answers 503 with a hint while the database is away, says so once, and recovers by itself', async () => {
  const tokenFile = join(sandbox.path, 'token-of-outage');
  writeFileSync(tokenFile, 'a-token-of-more-than-16', { mode: 0o600 });
  const listen = { host: '127.0.0.1', port: await freePort() };
  const logged: string[] = [];
  const log = (_fields: object, message: string) => void logged.push(message);
  const daemon = await serveFleet({ database: server.url, listen, tokenFile }, { info: log, warn: log, error: log });
  const get = (path: string) => ask({ ...listen, path, headers: { authorization: 'Bearer a-token-of-more-than-16' } });
  try {
    assert.is((await get('/nodes')).status, 200);
    await server.postgres.stop();
    for (const path of ['/nodes', '/lag', '/nodes']) {
      const { status, body, headers } = await get(path);
      assert.is(status, 503, body);
      assert.match(body, /ECONNREFUSED.*\nhint: check that PostgreSQL runs/);
      assert.is(headers['retry-after'], '10');
    }
    assert.is((await get('/nodes?lines=1')).status, 400);
    assert.is((await get('/healthz')).status, 200);
    await server.postgres.start();
    assert.is((await get('/nodes')).status, 200);
    await server.postgres.kill();
    assert.is((await get('/nodes')).status, 503);
    await server.postgres.start();
    assert.is((await get('/holds?layer=nothing')).status, 404);
    assert.is((await get('/nodes')).status, 200);
  } finally {
    await daemon.stop('test');
  }
  const [away, again] = ['the database does not answer', 'the database answers again'];
  assert.equal(logged.slice(1), [away, again, away, again]);
});

test('fleet serve: starts before the database, and not with a wrong address of it', async () => {
  const tokenFile = join(sandbox.path, 'token-of-start');
  writeFileSync(tokenFile, 'a-token-of-more-than-16', { mode: 0o600 });
  const listen = { host: '127.0.0.1', port: await freePort() };
  await server.postgres.stop();
  const daemon = await serveFleet({ database: server.url, listen, tokenFile }, silent);
  const get = () => ask({ ...listen, path: '/nodes', headers: { authorization: 'Bearer a-token-of-more-than-16' } });
  try {
    assert.is((await get()).status, 503);
    await server.postgres.start();
    assert.is((await get()).status, 200);
  } finally {
    await daemon.stop('test');
  }
  const other = server.url.replace(/postgres$/, 'nothing');
  const fault = await caughtFault(serveFleet({ database: other, listen, tokenFile }, silent));
  assert.is(fault.code, 'misuse');
});

test.run();
