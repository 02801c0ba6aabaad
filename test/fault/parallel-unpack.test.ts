import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { snapledgerRun } from '../cli/process.ts';
import { arbitraryLayer } from '../support/arbitrary-layer.ts';
import { directory, type Entry, file, link, opaque, symlink, whiteout } from '../support/image/entries.ts';
import { eventsOf, onDisk, verified } from '../support/inspect-store.ts';
import { suiteNeeding } from '../support/requirements.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import type { SnapshotsClient } from '../support/snapshots-client.ts';
import { treeLines, unpackLayer, withMount } from '../support/unpack.ts';
import { waitFor } from '../support/wait-for.ts';
import { collectGarbage } from './collect-garbage.ts';
import { driversUnderTest } from './drivers.ts';
import { createServing } from './serving.ts';

type Layers = readonly (readonly Entry[])[];

/** The labels of an unpacker's Prepare, by containerd's version. */
const labelsOf = (version: '2.2' | '2.3', chain: (index: number) => string, index: number) => ({
  'containerd.io/snapshot.ref': chain(index),
  ...(version === '2.3' && { 'containerd.io/snapshot/diff-id': `diff-${chain(index)}` }),
  ...(version === '2.3' && index > 0 && { 'containerd.io/snapshot/parent-chain-id': chain(index - 1) }),
});

let images = 0;

/** Unpacks layer by layer, each on its parent. Resolves with the name of each. */
async function unpackInSequence(client: SnapshotsClient, layers: Layers): Promise<readonly string[]> {
  const image = ++images;
  const chain = (index: number) => (index < 0 ? '' : `image-${image}-${index}`);
  for (const [index, layer] of layers.entries()) {
    const parent = chain(index - 1);
    const labels = labelsOf('2.2', chain, index);
    unpackLayer(await client.prepare(`extract-${chain(index)}`, { parent, labels }), layer);
    await client.commit(chain(index), `extract-${chain(index)}`);
  }
  return layers.map((_, index) => chain(index));
}

interface Parallel {
  readonly version: '2.2' | '2.3';
  /** the layers' indexes in the order in which they are unpacked */
  readonly order: readonly number[];
}

/** Prepares all layers without parent, unpacks them in any order, and gives each its parent at its commit. */
async function unpackInParallel(
  client: SnapshotsClient,
  layers: Layers,
  { version, order }: Parallel,
): Promise<readonly string[]> {
  const image = ++images;
  const chain = (index: number) => (index < 0 ? '' : `image-${image}-${index}`);
  const mounts = await Promise.all(
    layers.map((_, index) => client.prepare(`extract-${chain(index)}`, { labels: labelsOf(version, chain, index) })),
  );
  for (const each of mounts) assert.not(each.at(-1)?.options.includes('ro'));
  for (const index of order) unpackLayer(mounts[index] ?? [], layers[index] ?? []);
  for (const index of layers.keys())
    await client.commit(chain(index), `extract-${chain(index)}`, { parent: chain(index - 1) });
  return layers.map((_, index) => chain(index));
}

let looks = 0;

/** What a container on a layer sees. */
async function shown(client: SnapshotsClient, name: string): Promise<readonly string[]> {
  const key = `look-${++looks}`;
  const tree = withMount(await client.prepare(key, { parent: name }), treeLines);
  await client.remove(key);
  return tree;
}

/** What the layer itself shows, if it is a base layer. */
async function viewed(client: SnapshotsClient, name: string): Promise<readonly string[]> {
  const key = `look-${++looks}`;
  const tree = withMount(await client.view(key, { parent: name }), treeLines);
  await client.remove(key);
  return tree;
}

/** `every` compares what each layer shows, otherwise only the base layer and the last. */
async function expectSame(client: SnapshotsClient, layers: Layers, parallel: Parallel, every = false): Promise<void> {
  const expected = await unpackInSequence(client, layers);
  const found = await unpackInParallel(client, layers, parallel);
  assert.equal(await viewed(client, found[0] ?? ''), await viewed(client, expected[0] ?? ''), 'base layer');
  for (const [index, name] of expected.entries())
    if (every || index === layers.length - 1)
      assert.equal(await shown(client, found[index] ?? ''), await shown(client, name), `layer ${index}`);
}

const isMeasured = (type: string) => type === 'UsageMeasured';

/** Times of directories without an entry in the layer, and of whiteouts, are those of their creation. */
const withoutTimes = (lines: readonly string[]) => lines.map((line) => line.replace(/ \d{19} /, ' '));

const cases: Readonly<Record<string, Layers>> = {
  'a deleted file': [
    [directory('d'), file('d/a', 'a'), file('d/b', 'b')],
    [directory('d'), whiteout('d/a')],
  ],
  'a deleted directory, created again with other content': [
    [directory('d'), file('d/old', 'old')],
    [whiteout('d')],
    [directory('d'), file('d/new', 'new')],
  ],
  'an opaque directory with content of its own': [
    [directory('d'), file('d/old', 'old'), directory('d/sub'), file('d/sub/old', '')],
    [directory('d', { mode: 0o700 }), file('d/new', 'new'), opaque('d'), directory('d/sub')],
  ],
  'a file in place of a directory, and a directory in place of a file': [
    [directory('x'), file('x/a', 'a'), file('y', 'y')],
    [file('x', 'x'), directory('y'), file('y/a', 'a')],
    [directory('x'), file('x/b', 'b'), symlink('y', 'x')],
  ],
  'a directory in place of a symbolic link to one': [
    [directory('real'), file('real/a', 'a'), symlink('l', 'real')],
    [directory('l'), file('l/b', 'b')],
  ],
  'hard links, of which a later layer replaces one': [
    [file('one', 'data'), link('two', 'one'), link('three', 'one')],
    [file('two', 'other'), link('four', 'two')],
  ],
  'whiteouts in the base layer': [
    [directory('d'), opaque('d'), whiteout('d/none'), file('d/a', 'a'), whiteout('gone')],
    [directory('d'), file('d/b', 'b')],
  ],
  'an empty layer between others': [[file('a', 'a')], [], [whiteout('a')]],
};

for (const driver of driversUnderTest) {
  const test = suiteNeeding<{ sandbox: Sandbox }>(`parallel unpack on ${driver.name}`, ...driver.needs);

  test.before.each((context) => {
    context.sandbox = createSandbox('parallel-unpack');
  });
  test.after.each(({ sandbox }) => sandbox.close());

  const serve = (sandbox: Sandbox) => createServing(sandbox, { driver: driver.name, root: driver.newRoot(sandbox) });

  test('gives the same trees as a sequential one, in named cases', async ({ sandbox }) => {
    const serving = serve(sandbox);
    const daemon = await serving.start();
    const client = serving.connect();
    for (const [index, [name, layers]] of Object.entries(cases).entries()) {
      const version = index % 2 === 0 ? '2.2' : '2.3';
      await expectSame(client, layers, { version, order: [...layers.keys()].reverse() }, true).catch((error) => {
        throw new Error(`${name}, ${version}: ${error.stack}\n${error.details}`);
      });
    }
    await collectGarbage(client);
    await daemon.stop();
    const { status, text } = await verified(serving.root);
    assert.is(status, 0, text);
    assert.equal(onDisk(serving.root), { snapshots: [], quarantine: [] });
  });

  test('gives the same trees as a sequential one, whatever the layers and their order', async ({ sandbox }) => {
    const serving = serve(sandbox);
    const daemon = await serving.start();
    const client = serving.connect();
    const image = fc.array(arbitraryLayer, { minLength: 1, maxLength: 4 }).chain((layers) =>
      fc.record({
        layers: fc.constant(layers),
        version: fc.constantFrom('2.2' as const, '2.3' as const),
        order: fc.shuffledSubarray([...layers.keys()], { minLength: layers.length }),
      }),
    );
    const property = fc.asyncProperty(image, ({ layers, ...parallel }) => expectSame(client, layers, parallel));
    await fc.assert(property, { numRuns: Number(process.env.RUNS ?? 6), endOnFailure: true });
    await daemon.stop();
  });

  test('gives layers that are explained, measured, verified and carried like others', async ({ sandbox }) => {
    const serving = serve(sandbox);
    const daemon = await serving.start();
    const client = serving.connect();
    const layers: Layers = [
      [directory('d'), file('d/a', 'a'.repeat(9000)), directory('o'), file('o/old', '')],
      [directory('d'), whiteout('d/a'), file('d/b', 'b'.repeat(9000)), directory('o'), opaque('o'), file('o/new', '')],
    ];
    const [, expected = ''] = await unpackInSequence(client, layers);
    const [, found = ''] = await unpackInParallel(client, layers, { version: '2.3', order: [1, 0] });
    assert.equal(await client.usage(found), await client.usage(expected));
    const blamed = async (name: string, path: string) => {
      const { stdout } = await snapledgerRun('blame', name, path, '--root', serving.root);
      return stdout.replace(/image-\d+/g, 'image').replace(/\b\d+\b.*$/gm, '');
    };
    for (const path of ['d/a', 'd/b', 'o/old', 'o/new'])
      assert.is(await blamed(found, path), await blamed(expected, path), path);
    const { stdout } = await snapledgerRun('why', found, '--root', serving.root);
    assert.match(stdout, /snapshot 4 [\s\S]* committed from extract-\S+ on image-\d+-0, /);
    await waitFor('usage of all layers', async () => (await eventsOf(serving.root)).filter(isMeasured).length >= 4);
    await daemon.stop();
    for (const flags of [[], ['--deep']]) {
      const { status, stdout } = await snapledgerRun('verify', ...flags, '--root', serving.root);
      assert.is(status, 0, stdout);
    }
    // Carried to a root of the other form and back into trees.
    const archive = join(sandbox.path, 'store.tar');
    for (const args of [
      ['export', archive, '--volumes', '--root', serving.root],
      ['import', archive, '--root', join(sandbox.path, 'imported'), '--driver', 'overlay'],
    ])
      assert.is((await snapledgerRun(...args)).status, 0, args.join(' '));
    const layer = (id: number) => treeLines(join(sandbox.path, 'imported/snapshots', String(id), 'fs'));
    assert.equal(withoutTimes(layer(4)), withoutTimes(layer(2)));
  });

  test('leaves nothing of layers that were open when the daemon was killed', async ({ sandbox }) => {
    const serving = serve(sandbox);
    const layers: Layers = [[file('a', 'a')], [whiteout('a'), file('b', 'b')], [file('c', 'c')]];
    const daemon = await serving.start();
    const before = serving.connect();
    const [base = ''] = await unpackInSequence(before, layers.slice(0, 1));
    for (const [index, layer] of layers.entries()) {
      const labels = labelsOf('2.3', (at) => `killed-${at}`, index);
      unpackLayer(await before.prepare(`extract-killed-${index}`, { labels }), layer);
    }
    await before.commit('killed-1', 'extract-killed-1', { parent: base });
    await daemon.kill();
    before.close();
    const restarted = await serving.start();
    const client = serving.connect();
    assert.equal((await client.list()).map(({ name }) => name).sort(), [
      'extract-killed-0',
      'extract-killed-2',
      base,
      'killed-1',
    ]);
    assert.equal(
      (await shown(client, 'killed-1')).map((line) => line.split(' ')[0]),
      ['b'],
    );
    await collectGarbage(client);
    await waitFor('an empty disk', () => onDisk(serving.root).snapshots.length === 0);
    await restarted.stop();
    assert.is((await verified(serving.root)).status, 0);
    assert.equal(onDisk(serving.root).quarantine, []);
    assert.not(existsSync(`${serving.root}/carried`));
  });

  test.run();
}
