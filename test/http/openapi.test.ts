import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Event } from '../../events/registry.ts';
import { openLayers, openMounts } from '../../src/compose/drivers.ts';
import type { Schema } from '../../src/http/json-schema.ts';
import { answerTo, routes, type Sources } from '../../src/http/routes.ts';
import { memoryFiles } from '../app/audit/memory-files.ts';
import { committed, enveloped, prepared, smallStore } from '../cli/facts.ts';
import { httpSources } from '../support/http-sources.ts';
import { createSandbox } from '../support/sandbox.ts';
import { misfits } from './schema.ts';

interface Parameter {
  readonly name: string;
  readonly required: boolean;
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }>
  >;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

const served = await answerTo({ method: 'GET', url: '/openapi.json', headers: {} }, httpSources());
const document: Document = JSON.parse(String(served.body));

const sandbox = createSandbox('openapi');
const fs = join(sandbox.path, 'snapshots/1/fs');
mkdirSync(fs, { recursive: true });
writeFileSync(join(fs, 'file'), 'content');

const layer = { id: 9, key: 'default/9/sha256:ccc', kind: 'committed', parent: '', parentId: null } as const;
const restored = { ...layer, labels: {}, created: 1n, updated: 1n };
const facts: readonly Event[] = [
  ...smallStore,
  prepared(9, 'default/9/extract-c'),
  committed(9, 'default/9/extract-c', layer.key),
  { type: 'SnapshotRemoved', data: { ...restored, retained: true } },
];

async function sources(): Promise<Sources> {
  return httpSources({
    reconcile: async () => [{ type: 'purge', why: 'removed', id: 1 }],
    restore: async () => either.right([restored]),
    files: await memoryFiles(enveloped(facts)),
    layers: async () => openLayers(sandbox.path, 'overlay'),
    mounts: async () => openMounts({ root: sandbox.path, overlay: {} }, 'overlay'),
  });
}

const asked = async (method: string, url: string) => answerTo({ method, url, headers: {} }, await sources());

const test = suite('openapi.json');
test.after(() => sandbox.close());

test('documents every path, method and parameter that the server has, and no other', () => {
  const sorted = (parameters: readonly Parameter[] = []) =>
    parameters.map(({ name, required }) => `${name} ${required}`).sort();
  const served = routes.map(({ path, methods, parameters }) => [
    path,
    methods.includes('GET') ? 'get' : 'post',
    sorted(Object.entries(parameters).map(([name, { required = false }]) => ({ name, required }))),
  ]);
  const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { parameters }]) => [path, method, sorted(parameters)]),
  );
  assert.equal(served.sort(), documented.sort());
});

const requests: readonly (readonly [method: string, url: string])[] = [
  ['GET', '/metrics'],
  ['GET', '/healthz'],
  ['GET', '/readyz'],
  ['GET', '/openapi.json'],
  ['GET', '/forward'],
  ['GET', '/events?follow=0'],
  ['POST', '/reconcile?dry-run=1'],
  ['GET', '/history?key=default/6/job'],
  ['GET', '/history?key=default/2/sha256:aaa'],
  ['GET', '/log?lines=20'],
  [
    'GET',
    '/log?key=default/6/job&type=SnapshotRemoved,VolumePurged&since=2020-01-01&until=1s&from=2&namespace=default',
  ],
  ['GET', '/tree?at=9'],
  ['GET', '/snapshots?filter=kind==committed'],
  ['GET', '/stat?key=default/5/web'],
  ['GET', '/mounts?key=default/5/web'],
  ['GET', '/stats?at=5'],
  ['GET', '/diff?from=3&to=9'],
  ['GET', '/diff?from=9'],
  ['GET', '/blame?key=default/2/sha256:aaa&path=/file'],
  ['GET', '/anchor'],
  ['GET', '/why?key=default/6/job'],
  ['GET', '/retained'],
  ['POST', '/restore?name=9'],
];

for (const [method, url] of requests)
  test(`describes what ${method} ${url} answers`, async () => {
    const { status, type, body } = await asked(method, url);
    assert.is(status, 200, String(body));
    const operation = document.paths[url.split('?')[0] ?? '']?.[method.toLowerCase()];
    const schema = operation?.responses[status]?.content[type.split(';')[0] ?? '']?.schema;
    assert.ok(schema, `${type} is documented`);
    const value = type === 'application/json' ? JSON.parse(String(body)) : '';
    assert.equal(misfits(value, schema, document.components.schemas), []);
    if (Array.isArray(value)) assert.ok(value.length > 0);
  });

test('has every path asked for here', () => {
  assert.equal(new Set(requests.map(([, url]) => url.split('?')[0])), new Set(Object.keys(document.paths)));
});

test('says whether the log contains an anchor', async () => {
  const { anchor } = JSON.parse(String((await asked('GET', '/anchor')).body));
  assert.equal(JSON.parse(String((await asked('GET', `/anchor?holds=${anchor}`)).body)), { holds: true, why: null });
  const other = anchor.replace(/.$/, (last: string) => (last === '0' ? '1' : '0'));
  assert.is(JSON.parse(String((await asked('GET', `/anchor?holds=${other}`)).body)).holds, false);
});

const bad: readonly (readonly [url: string, status: number])[] = [
  ['/history', 400],
  ['/history?key=nobody', 404],
  ['/stat?key=nobody', 404],
  ['/tree?at=99', 400],
  ['/tree?at=1970-01-01', 400],
  ['/stats?att=5', 400],
  ['/log?since=noon', 400],
  ['/log?lines=0', 400],
  ['/log?lines=99999', 400],
  ['/diff?from=never', 400],
  ['/snapshots?filter=kind%3D', 400],
  ['/blame?key=default/2/sha256:aaa&path=../x', 400],
  ['/blame?key=default/2/sha256:aaa&path=/nowhere', 404],
  ['/anchor?holds=x', 400],
];

for (const [url, status] of bad)
  test(`answers ${status} to ${url}, and says what is wrong`, async () => {
    const answer = await asked('GET', url);
    assert.equal([answer.status, answer.type], [status, 'text/plain'], String(answer.body));
    const known = document.paths[url.split('?')[0] ?? '']?.get?.responses ?? {};
    assert.ok(String(status) in known);
  });

test('detects what it does not describe', () => {
  const { schemas } = document.components;
  const stat = { $ref: '#/components/schemas/Relative' };
  assert.equal(misfits({ id: '1', was: 'a', now: null }, stat, schemas), []);
  assert.equal(misfits({ id: 1, was: 'a', more: '' }, stat, schemas), [
    '$.now: is missing',
    '$.id: is no string',
    '$.more: is not documented',
  ]);
});

test.run();
