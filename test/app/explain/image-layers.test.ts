import { createHash } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { layersOf } from '../../../src/app/explain/image-layers.ts';

const test = suite('layers of an image');
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** Content by digest; reads are counted, and what was deleted or is too long is missing. */
function contents() {
  const held = new Map<string, string>();
  const result = {
    reads: 0,
    put: (value: unknown): string => {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      held.set(digestOf(text), text);
      return digestOf(text);
    },
    drop: (digest: string) => held.delete(digest),
    layers: (target: string, architecture = 'amd64') =>
      layersOf(
        async (digest, limit) => {
          result.reads += 1;
          const text = held.get(digest);
          return text === undefined || text.length > limit ? undefined : Buffer.from(text);
        },
        target,
        architecture,
      ),
  };
  return result;
}
type Contents = ReturnType<typeof contents>;

const config = (diffIds: readonly unknown[], architecture = 'amd64', os = 'linux') => ({
  ...{ os, architecture, rootfs: { type: 'layers', diff_ids: diffIds } },
});
const putImage = ({ put }: Contents, value: unknown) =>
  put({ schemaVersion: 2, config: { digest: put(value) }, layers: [] });
const [one, two, three] = [digestOf('1'), digestOf('2'), digestOf('3')];
const chainOfTwo = digestOf(`${one} ${two}`);

test('chain ids: follow from the diff ids, the base layer first', async () => {
  const store = contents();
  assert.equal(await store.layers(putImage(store, config([one, two, three]))), [
    ...[one, chainOfTwo, digestOf(`${chainOfTwo} ${three}`)],
  ]);
  assert.equal(await store.layers(putImage(store, config([]))), []);
});

test('an image without index: has its layers, whatever its platform is', async () => {
  const store = contents();
  assert.equal(await store.layers(putImage(store, config([one], 's390x'))), [one]);
});

test("an index: leads to this machine's platform", async () => {
  const store = contents();
  const platform = (architecture: string, os = 'linux') => ({ platform: { os, architecture } });
  const manifests = [
    { digest: putImage(store, config([three], 'unknown', 'unknown')), ...platform('unknown', 'unknown') },
    { digest: putImage(store, config([two], 'amd64', 'windows')), ...platform('amd64', 'windows') },
    { digest: putImage(store, config([one])), ...platform('amd64') },
    { digest: putImage(store, config([one, two], 'arm64')), ...platform('arm64') },
  ];
  const index = store.put({ schemaVersion: 2, manifests });
  assert.equal(await store.layers(index), [one]);
  assert.equal(await store.layers(index, 'arm64'), [one, chainOfTwo]);
  assert.is(await store.layers(index, 'riscv64'), null);
  const nested = store.put({ manifests: [{ digest: index }] });
  assert.equal(await store.layers(nested, 'arm64'), [one, chainOfTwo]);
});

test('an index: of several manifests for a platform the first with content counts', async () => {
  const store = contents();
  const [absent, present] = [putImage(store, config([one])), putImage(store, config([two]))];
  const platform = { os: 'linux', architecture: 'amd64' };
  const index = store.put({
    manifests: [
      { digest: absent, platform },
      { digest: present, platform },
    ],
  });
  store.drop(absent);
  assert.equal(await store.layers(index), [two]);
});

test('an index without platforms: the configuration names it', async () => {
  const store = contents();
  const manifests = ['arm64', 'amd64'].map((name, at) => ({ digest: putImage(store, config([at ? one : two], name)) }));
  assert.equal(await store.layers(store.put({ manifests })), [one]);
});

test('content that is missing: gives no layers', async () => {
  const store = contents();
  const target = putImage(store, config([one]));
  assert.is(await store.layers(digestOf('never')), null);
  store.drop(digestOf(JSON.stringify(config([one]))));
  assert.is(await store.layers(target), null);
});

test('content that is no image: gives no layers', async () => {
  const store = contents();
  for (const value of ['', 'null', '[]', '{"manifests":{}}', '{', '{"fsLayers":[]}', '{"config":{"digest":5}}'])
    assert.is(await store.layers(store.put(value)), null, value);
  for (const diffIds of [['x'], [one, 5], ['sha256:'], [`${one}\n`], Array(501).fill(one)])
    assert.is(await store.layers(putImage(store, config(diffIds))), null, JSON.stringify(diffIds).slice(0, 40));
  assert.is(await store.layers(putImage(store, { ...config([one]), padding: 'x'.repeat(5_000_000) })), null);
});

test('hostile content: is read a limited number of times', async () => {
  const store = contents();
  let index = store.put({ manifests: [] });
  for (let depth = 0; depth < 10; depth++) index = store.put({ manifests: Array(10).fill({ digest: index }) });
  assert.is(await store.layers(index), null);
  assert.ok(store.reads <= 20, `${store.reads} reads`);
});

test.run();
