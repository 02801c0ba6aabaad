import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { linesOf, type Node, nodesAfter, treesOf } from '../../../src/console/page/model/forest.ts';
import { grouped, largest, usageOf } from '../../../src/console/page/model/usage.ts';

const test = suite("forest of the console's page");

const node = (id: number, parent: number, rest: Partial<Node> = {}): Node => ({
  ...{ id, parent, kind: 'committed', key: `k8s.io/${id}/layer-${id}`, namespace: 'k8s.io', bytes: 10 },
  ...{ created: id, ref: '', image: '', retained: 0, ...rest },
});
const mapOf = (nodes: readonly Node[]) => new Map(nodes.map((one) => [one.id, one]));

const image = [
  node(1, 0, { image: 'shop:1' }),
  node(2, 1, { image: 'shop:1' }),
  node(3, 2, { kind: 'active', bytes: -1, key: 'k8s.io/9/Container-A' }),
  node(4, 1, { image: 'blog:2', retained: 77 }),
];

test('trees: have their totals, and the names of all their images', () => {
  const [tree, ...others] = treesOf(mapOf(image));
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
      const nodes = mapOf(found.map((parent, at) => node(at + 1, at === 0 ? 0 : parent % (at + 1))));
      const trees = treesOf(nodes);
      const shown = trees.flatMap((tree) => tree.nodes.map(({ id }) => id)).sort((a, b) => a - b);
      assert.equal(shown, [...nodes.keys()]);
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
    treesOf(mapOf([node(7, 3)])).map(({ root }) => root.id),
    [7],
  );
});

test('search: shows what matches with its parents, and no other tree', () => {
  const trees = treesOf(mapOf([...image, node(9, 0)]));
  const ids = linesOf(trees, new Set(), ' container-a ').map((line) => ('node' in line ? line.node.id : 'tree'));
  assert.equal(ids, ['tree', 1, 2, 3]);
  assert.equal(
    linesOf(trees, new Set(), '4').map((line) => 'node' in line && line.node.id),
    [false, 1, 4],
  );
  assert.is(linesOf(trees, new Set([9]), '').length, 3);
});

test('difference: leaves out what is gone and replaces what changed', () => {
  const none = { id: [], parent: [], key: [], bytes: [], inodes: [], created: [], ref: [], image: [], retained: [] };
  const rows = {
    ...{ ...none, id: [2, 5], parent: [1, 2], kind: 'ca', key: ['b', 'c'], bytes: [20, -1], inodes: [1, 1] },
    ...{ created: [5, 6], ref: ['', ''], namespace: [0, 0], image: [-1, 0], retained: [0, 0] },
  };
  const answer = { position: '9', time: null, gone: [3], rows, namespaces: ['moby'], imageNames: ['blog:2'] };
  const after = nodesAfter({ ...answer, base: '4' }, mapOf(image));
  assert.equal([...after.keys()].sort(), [1, 2, 4, 5]);
  assert.is(after.get(2)?.bytes, 20);
  assert.equal(
    after.get(5),
    node(5, 2, { key: 'c', kind: 'active', bytes: -1, created: 6, image: 'blog:2', namespace: 'moby' }),
  );
  assert.equal([...nodesAfter({ ...answer, base: null }, mapOf(image)).keys()], [2, 5]);
});

test('usage: adds up to the measured bytes, however few tiles there are', () => {
  const usage = usageOf(treesOf(mapOf([...image, node(9, 0, { namespace: 'moby', bytes: 50 })])));
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
