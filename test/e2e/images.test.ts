import { mkdirSync, readdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import type { RecordedImage } from '../../projections/images.ts';
import { ask } from '../http/ask.ts';
import { file } from '../support/image/entries.ts';
import { digestOf, imageOf, indexOf, layerOf, ownArchitecture } from '../support/image/image.ts';
import { pushImage, pushManifest } from '../support/image/push.ts';
import { logAndRethrow } from '../support/log-and-rethrow.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { run } from '../support/run.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { daemonFile, serverUnderTest } from '../support/server.ts';
import { waitFor } from '../support/wait-for.ts';
import { createEnvironment, type Environment, needs } from './environment.ts';

const test = suiteNeeding('images of a real containerd', ...needs());
let sandbox: Sandbox;
let root: string;
let environment: Environment;

test.before(() =>
  logAndRethrow(async () => {
    sandbox = createSandbox('images');
    root = sandbox.folder('store');
    const settings = join(sandbox.path, 'images.toml');
    const address = join(sandbox.path, 'containerd.sock');
    writeFileSync(settings, `[containerd]\nevents = true\naddress = "${address}"\n`);
    environment = await createEnvironment(sandbox, root, serverUnderTest('overlay', ['--config', settings]));
  }),
);
test.after(() => sandbox.close());

interface Wire {
  readonly type: string;
  readonly data: {
    topic: string;
    namespace: string;
    name: string;
    missed?: boolean;
    image?: Omit<RecordedImage, 'name'>;
  };
}

/** What was observed of images, from the log's own lines. */
const observed = (): readonly Wire['data'][] =>
  readdirSync(join(root, 'log'))
    .filter((name) => name.endsWith('.log'))
    .sort()
    .flatMap((name) => readFileSync(join(root, 'log', name), 'utf8').split('\n'))
    .flatMap((line) => /"event":(\{.*\})\}$/.exec(line)?.[1] ?? [])
    .map((text) => JSON.parse(text) as Wire)
    .filter(({ type, data }) => type === 'ContainerdObserved.v1' && data.topic.startsWith('/images/'))
    .map(({ data }) => data);

/** What a name stands for by the record, in the namespace of the test. */
function recordOf(name: string): Wire['data']['image'] | undefined {
  const { namespace } = environment.containerd;
  return observed().reduce<Wire['data']['image'] | undefined>(
    (before, next) => (next.name === name && next.namespace === namespace ? next.image : before),
    undefined,
  );
}
const recorded = (name: string, target: string | undefined, layers?: readonly string[] | null) =>
  waitFor(`${name} at ${target}`, () => {
    const found = recordOf(name);
    return found?.target === target && (layers === undefined || `${found?.layers}` === `${layers}`);
  });

/** The chain ids of all layers that were unpacked into the store. */
async function unpacked(): Promise<readonly string[]> {
  const { stdout } = await run(process.execPath, [daemonFile, 'ls', 'kind==committed', '--json', '--root', root]);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).key.split('/').at(-1));
}

const layer = (name: string) => layerOf([file(name, name)]);
function chainOf(layers: readonly { readonly diffId: string }[]): readonly string[] {
  const chain: string[] = [];
  for (const { diffId } of layers) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(Buffer.from(`${below} ${diffId}`)));
  }
  return chain;
}
const [one, two, three] = ['one', 'two', 'three'].map(layer) as [
  ReturnType<typeof layer>,
  ReturnType<typeof layer>,
  ReturnType<typeof layer>,
];
const small = imageOf([one, two], {});
const large = imageOf([one, two, three], {});
let reference: string;

test('pulled: is recorded with the chain ids that containerd gave its layers', async () => {
  reference = await pushImage(environment.registry, 'app', 'small', small);
  await environment.pull(reference);
  await recorded(reference, small.manifest.digest, chainOf([one, two]));
  assert.equal([...(await unpacked())].sort(), [...chainOf([one, two])].sort());
});

test('pulled from an index: has the layers of this platform, though others are absent', async () => {
  const foreign = imageOf([three], {}, ownArchitecture === 's390x' ? 'amd64' : 's390x');
  await pushImage(environment.registry, 'multi', 'own', large);
  await pushImage(environment.registry, 'multi', 'foreign', foreign);
  const index = indexOf({ s390x: foreign, [ownArchitecture]: large });
  const name = await pushManifest(environment.registry, 'multi', 'latest', index);
  await environment.pull(name);
  await recorded(name, index.digest, chainOf([one, two, three]));
});

test('tagged, tagged anew, and deleted: each is recorded', async () => {
  const { ctr } = environment.containerd;
  await ctr('images', 'tag', reference, 'local/alias:1');
  await recorded('local/alias:1', small.manifest.digest, chainOf([one, two]));
  await ctr('images', 'tag', '--force', `${environment.registry}/multi:latest`, 'local/alias:1');
  await waitFor('the other target', () => recordOf('local/alias:1')?.layers?.length === 3);
  await ctr('images', 'remove', '--sync', 'local/alias:1');
  await recorded('local/alias:1', undefined);
});

test('pulled again under its old name: the new target and its layers are recorded', async () => {
  await pushImage(environment.registry, 'app', 'small', large);
  await environment.pull(reference);
  await recorded(reference, large.manifest.digest, chainOf([one, two, three]));
});

/** A field of a message: text or a message itself. */
function field(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value);
  const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), bytes]);
}
const asIs = (bytes: Buffer) => bytes;

/** Creates an image of any name, for content that need not be there: `ctr` has no command for it. */
function create(name: string, target: string): Promise<void> {
  const { address, namespace } = environment.containerd;
  const client = new Client(`unix:${address}`, credentials.createInsecure(), { 'grpc.default_authority': 'localhost' });
  const metadata = new Metadata();
  metadata.set('containerd-namespace', namespace);
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const descriptor = Buffer.concat([field(1, type), field(2, target), Buffer.from([0x18, 5])]);
  const request = field(1, Buffer.concat([field(1, name), field(3, descriptor)]));
  const path = '/containerd.services.images.v1.Images/Create';
  return new Promise<void>((resolve, reject) =>
    client.makeUnaryRequest(path, asIs, asIs, request, metadata, {}, (error) => (error ? reject(error) : resolve())),
  ).finally(() => client.close());
}

const nowhere = digestOf(Buffer.from('nowhere'));

test('without its content: is recorded without layers', async () => {
  await create('local/empty:1', nowhere);
  await recorded('local/empty:1', nowhere, null);
  assert.is(recordOf('local/empty:1')?.layers, null);
});

test('with a configuration that containerd can not read: is recorded without layers, and with them once it can', async () => {
  const { ctr } = environment.containerd;
  const blobs = join(sandbox.path, 'containerd/root/io.containerd.content.v1.content/blobs/sha256');
  const content = join(blobs, large.config.digest.slice('sha256:'.length));
  renameSync(content, `${content}.kept`);
  mkdirSync(content);
  await ctr('images', 'tag', reference, 'local/damaged:1');
  await recorded('local/damaged:1', large.manifest.digest, null);
  const { body } = await ask({ socketPath: join(sandbox.path, 'snapshotter.http.sock'), path: '/metrics' });
  assert.match(body, /^snapledger_containerd_image_failures_total\{kind="content"\} [1-9]/m);
  assert.match(body, /snapledger_log_messages_total\{level="warn",message="content of an image can't be read: .*"\} 1/);
  rmdirSync(content);
  renameSync(`${content}.kept`, content);
  await recorded('local/damaged:1', large.manifest.digest, chainOf([one, two, three]));
});

test('hostile names: are recorded as they are, too long ones not at all', async () => {
  const names = ['\u001b[2J\u202e\n../../etc', '__proto__', 'ü🙂 "\\', `${'x'.repeat(511)}`];
  await create('y'.repeat(512), nowhere);
  for (const name of names) await create(name, nowhere);
  for (const name of names) await recorded(name, nowhere);
  assert.not.ok(observed().some(({ name }) => name.startsWith('yyy')));
  const { stdout } = await run(process.execPath, [daemonFile, 'log', '--type', 'ContainerdObserved', '--root', root]);
  assert.match(stdout, '\\u001b[2J\\u202e\\u000a../../etc');
});

test('changed while the daemon was down: is recorded when it listens again', async () => {
  const { ctr } = environment.containerd;
  await ctr('images', 'tag', reference, 'local/moved:1');
  await ctr('images', 'tag', reference, 'local/gone:1');
  await recorded('local/moved:1', large.manifest.digest);
  await recorded('local/gone:1', large.manifest.digest);
  await environment.killSnapshotter();
  const before = observed().length;
  await ctr('images', 'remove', 'local/gone:1');
  await ctr('images', 'tag', '--force', `${environment.registry}/multi:latest`, 'local/moved:1');
  await ctr('images', 'tag', reference, 'local/new:1');
  await environment.startSnapshotter();
  await recorded('local/new:1', large.manifest.digest, chainOf([one, two, three]));
  await recorded('local/gone:1', undefined);
  await waitFor('the other target', () => recordOf('local/moved:1')?.target !== large.manifest.digest);
  const since = observed().slice(before);
  assert.equal(since.map(({ topic, name, missed }) => `${topic} ${name}${missed === true ? ' missed' : ''}`).sort(), [
    ...['/images/create local/new:1', '/images/delete local/gone:1 missed', '/images/update local/moved:1'],
  ]);
});

test('at the end: the record has what containerd has', async () => {
  const names = (await environment.containerd.ctr('images', 'list', '--quiet')).split('\n');
  const known = new Set(observed().map(({ name }) => name));
  const there = [...known].filter((name) => recordOf(name) !== undefined && !name.includes('\n')).sort();
  assert.equal(there, names.filter((name) => known.has(name) && name !== '').sort());
  await environment.expectVerified();
});

test.run();
