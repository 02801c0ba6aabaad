import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Forest } from '../../../src/console/page/api/rows.ts';
import { createForest, type Node, sizeOf } from '../../../src/console/page/model/forest.ts';
import { linesOf } from '../../../src/console/page/model/forest-lines.ts';
import { grouped, largest, usageOf } from '../../../src/console/page/model/usage.ts';

const test = suite("forest of the console's page");

const node = (id: number, parent: number, rest: Partial<Node> = {}): Node => ({
  ...{ id, parent, kind: 'committed', key: `k8s.io/${id}/layer-${id}`, namespace: 'k8s.io', bytes: 10 },
  ...{ created: id, ref: '', image: '', retained: 0, ...rest },
});

/** The answer that has these snapshots; with a base, as what differs from it. */
function answerOf(nodes: readonly Node[], gone: readonly number[] = [], base: string | null = null): Forest {
  const column = <T>(value: (node: Node) => T) => nodes.map(value);
  const named = <T>(value: T, names: readonly T[]) => names.indexOf(value);
  const namespaces = [...new Set(column(({ namespace }) => namespace))];
  const imageNames = [...new Set(column(({ image }) => image))].filter((name) => name !== '');
  const rows = {
    id: column(({ id }) => id),
    parent: column(({ parent }) => parent),
    kind: column(({ kind }) => kind[0]).join(''),
    key: column(({ key }) => key),
    bytes: column(({ bytes }) => bytes),
    inodes: column(() => 1),
    created: column(({ created }) => created),
    ref: column(({ ref }) => ref),
    namespace: column(({ namespace }) => named(namespace, namespaces)),
    image: column(({ image }) => named(image, imageNames)),
    retained: column(({ retained }) => retained),
  };
  return { position: '9', time: null, base, gone, rows, namespaces, imageNames };
}
const treesOf = (nodes: readonly Node[]) => createForest().apply(answerOf(nodes));

const image = [
  node(1, 0, { image: 'shop:1' }),
  node(2, 1, { image: 'shop:1' }),
  node(3, 2, { kind: 'active', bytes: -1, key: 'k8s.io/9/Container-A' }),
  node(4, 1, { image: 'blog:2', retained: 77 }),
];

test('trees: have their totals, and the names of all their images', () => {
  const [tree, ...others] = treesOf(image);
  assert.equal(others, []);
  assert.equal(
    tree?.nodes.map(({ id }) => id),
    [1, 2, 3, 4],
  );
  assert.equal(tree?.depths, [0, 1, 2, 1]);
  const { title, layers, containers, retained, bytes, newest } = tree ?? {};
  assert.equal(
    { title, layers, containers, retained, bytes, newest },
    {
      ...{ title: 'shop:1, blog:2', layers: 2, containers: 1, retained: 1, bytes: 30, newest: 4 },
    },
  );
});

test('trees: have every snapshot once, below its parent, whatever parents there are', async () => {
  await fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 60 }), (found) => {
      const nodes = found.map((parent, at) => node(at + 1, at === 0 ? 0 : parent % (at + 1)));
      const trees = treesOf(nodes);
      const shown = trees.flatMap((tree) => tree.nodes.map(({ id }) => id)).sort((a, b) => a - b);
      assert.equal(
        shown,
        nodes.map(({ id }) => id),
      );
      assert.is(sizeOf(trees), nodes.length);
      for (const { nodes: below, depths } of trees)
        below.forEach(({ parent }, at) => {
          const above = below.findIndex(({ id }) => id === parent);
          assert.ok(at === 0 || (above < at && depths[above] === (depths[at] ?? 0) - 1));
        });
    }),
  );
});

test('a parent that is gone: makes its child a root', () => {
  assert.equal(
    treesOf([node(7, 3)]).map(({ root }) => root.id),
    [7],
  );
});

test('search: shows what matches with its parents, and no other tree', () => {
  const trees = treesOf([...image, node(9, 0)]);
  const ids = linesOf(trees, new Set(), ' container-a ').map((line) => ('node' in line ? line.node.id : 'tree'));
  assert.equal(ids, ['tree', 1, 2, 3]);
  assert.equal(
    linesOf(trees, new Set(), '4').map((line) => 'node' in line && line.node.id),
    [false, 1, 4],
  );
  assert.is(linesOf(trees, new Set([9]), '').length, 3);
});

test('difference: leaves out what is gone, replaces what changed, and keeps other trees as they are', () => {
  const other = node(9, 0);
  const forest = createForest();
  const before = forest.apply(answerOf([...image, other]));
  const changed = node(2, 1, { bytes: 20, image: 'shop:1' });
  const added = node(5, 2, { kind: 'active', bytes: -1, image: 'blog:2', namespace: 'moby' });
  const after = forest.apply(answerOf([changed, added], [3], '4'));
  assert.equal(after, treesOf([image[0] as Node, changed, image[3] as Node, added, other]));
  assert.is(
    after.find(({ root }) => root.id === 9),
    before.find(({ root }) => root.id === 9),
  );
  assert.equal(forest.apply(answerOf([other])), treesOf([other]));
});

test('difference: leads to the same trees as all snapshots do, whatever comes, goes and changes its parent', async () => {
  const any = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 30 }), fc.nat(), fc.nat(3)), {
    selector: ([id]) => id,
    maxLength: 20,
  });
  const nodesIn = (found: readonly (readonly [number, number, number])[]) =>
    found.map(([id, parent, bytes]) => node(id, parent % id, { bytes }));
  await fc.assert(
    fc.property(fc.array(any, { maxLength: 6 }), (moments) => {
      const forest = createForest();
      let before: readonly Node[] = [];
      for (const [round, moment] of moments.entries()) {
        const nodes = nodesIn(moment);
        const ids = new Set(nodes.map(({ id }) => id));
        const known = new Map(before.map((one) => [one.id, JSON.stringify(one)]));
        const different = nodes.filter((one) => known.get(one.id) !== JSON.stringify(one));
        const gone = before.map(({ id }) => id).filter((id) => !ids.has(id));
        const answer = round === 0 ? answerOf(nodes) : answerOf(different, gone, '1');
        assert.equal(forest.apply(answer), treesOf(nodes));
        before = nodes;
      }
    }),
  );
});

test('usage: adds up to the measured bytes, however few tiles there are', () => {
  const usage = usageOf(treesOf([...image, node(9, 0, { namespace: 'moby', bytes: 50 })]));
  const total = (all: readonly { readonly bytes: number }[]) => all.reduce((sum, { bytes }) => sum + bytes, 0);
  assert.is(total(usage), 80);
  assert.equal(
    usage.map(({ namespace, image: name, kind, bytes }) => [namespace, name, kind, bytes]),
    [
      ['moby', 'moby/9/layer-9'.replace('moby', 'k8s.io'), 'committed', 50],
      ['k8s.io', 'shop:1', 'committed', 20],
      ['k8s.io', 'blog:2', 'retained', 10],
    ],
  );
  for (const count of [0, 1, 2, 9]) assert.is(total(largest(usage, count)), 80);
  assert.equal([...grouped([1, 2, 3], (one) => String(one % 2)).values()], [[1, 3], [2]]);
});

test.run();
