import type { Forest } from '../api/rows.ts';

/** A snapshot in the forest. */
export interface Node {
  readonly id: number;
  /** id of its parent, 0 for none */
  readonly parent: number;
  readonly kind: 'active' | 'view' | 'committed';
  readonly key: string;
  readonly namespace: string;
  /** of its own layer; -1 if unknown */
  readonly bytes: number;
  /** milliseconds since 1970 */
  readonly created: number;
  /** digest of its content, empty if unknown */
  readonly ref: string;
  /** name of its image, empty if unknown */
  readonly image: string;
  /** position of its removal; 0 if it was not removed */
  readonly retained: number;
}

const kinds = { a: 'active', v: 'view', c: 'committed' } as const;

function nodesIn({ rows, namespaces, imageNames }: Forest): readonly Node[] {
  return rows.id.map((id, at) => ({
    id,
    parent: rows.parent[at] ?? 0,
    kind: kinds[(rows.kind[at] ?? 'c') as keyof typeof kinds],
    key: rows.key[at] ?? '',
    namespace: namespaces[rows.namespace[at] ?? -1] ?? '',
    bytes: rows.bytes[at] ?? -1,
    created: rows.created[at] ?? 0,
    ref: rows.ref[at] ?? '',
    image: imageNames[rows.image[at] ?? -1] ?? '',
    retained: rows.retained[at] ?? 0,
  }));
}

/** A root and all that is below it: the layers of one image, or of several that share the first ones. */
export interface Tree {
  readonly root: Node;
  /** parents before their children, siblings by id */
  readonly nodes: readonly Node[];
  readonly depths: readonly number[];
  /** names of its images, else the digest or key of the root */
  readonly title: string;
  readonly layers: number;
  readonly containers: number;
  readonly views: number;
  readonly retained: number;
  /** measured bytes of all of it */
  readonly bytes: number;
  /** of the newest snapshot, milliseconds since 1970 */
  readonly newest: number;
}

/** The trees of a store at a moment, newest first. */
export interface ForestModel {
  /**
   * Takes an answer, which has all snapshots or, with a `base`, what differs from the moment before. A snapshot whose parent is not
   * here is a root. Trees without a difference stay the same objects.
   */
  apply(answer: Forest): readonly Tree[];
}

export function createForest(): ForestModel {
  const nodes = new Map<number, Node>();
  const children = new Map<number, number[]>();
  const trees = new Map<number, Tree>();
  const parentOf = ({ parent }: Node) => nodes.get(parent);
  const rootOf = (node: Node): number => {
    let root = node;
    for (let above = parentOf(root); above !== undefined; above = parentOf(root)) root = above;
    return root.id;
  };
  const childrenOf = (id: number) => children.get(id) ?? [];
  /** Ids that are, were or may become a root of a tree with a difference. */
  const concerned = (ids: readonly number[]): readonly number[] =>
    ids.flatMap((id) => {
      const node = nodes.get(id);
      return node === undefined ? childrenOf(id) : [rootOf(node), ...childrenOf(id)];
    });
  const nodesBelow = (id: number) =>
    childrenOf(id)
      .toSorted((a, b) => a - b)
      .map((child) => nodes.get(child) as Node);
  const remove = (id: number) => {
    const node = nodes.get(id);
    if (node === undefined) return;
    nodes.delete(id);
    if (node.parent === 0) return;
    const others = childrenOf(node.parent).filter((child) => child !== id);
    if (others.length > 0) children.set(node.parent, others);
    else children.delete(node.parent);
  };
  const put = (node: Node) => {
    const before = nodes.get(node.id);
    if (before !== undefined && before.parent !== node.parent) remove(node.id);
    nodes.set(node.id, node);
    if (node.parent === 0 || before?.parent === node.parent) return;
    const siblings = children.get(node.parent);
    if (siblings === undefined) children.set(node.parent, [node.id]);
    else siblings.push(node.id);
  };
  const build = (root: number) => {
    const node = nodes.get(root);
    if (node === undefined || parentOf(node) !== undefined) trees.delete(root);
    else trees.set(root, treeOf(node, nodesBelow));
  };
  return {
    apply: (answer) => {
      if (answer.base === null) for (const map of [nodes, children, trees]) map.clear();
      const different = [...answer.gone, ...answer.rows.id];
      const before = concerned(different);
      answer.gone.forEach(remove);
      nodesIn(answer).forEach(put);
      new Set([...before, ...concerned(different)]).forEach(build);
      return [...trees.values()].sort((a, b) => b.newest - a.newest || b.root.id - a.root.id);
    },
  };
}

function treeOf(root: Node, childrenOf: (id: number) => readonly Node[]): Tree {
  const nodes: Node[] = [];
  const depths: number[] = [];
  const images = new Set<string>();
  const totals = { layers: 0, containers: 0, views: 0, retained: 0, bytes: 0, newest: 0 };
  const ahead: (readonly [node: Node, depth: number])[] = [[root, 0]];
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const [node, depth] = next;
    nodes.push(node);
    depths.push(depth);
    if (node.image !== '') images.add(node.image);
    add(totals, node);
    for (const child of childrenOf(node.id).toReversed()) ahead.push([child, depth + 1]);
  }
  return { root, nodes, depths, title: titleOf([...images], root), ...totals };
}

/** How many snapshots trees have together. */
export const sizeOf = (trees: readonly Tree[]): number => trees.reduce((sum, { nodes }) => sum + nodes.length, 0);

const shownImages = 3;

function add(totals: Record<'layers' | 'containers' | 'views' | 'retained' | 'bytes' | 'newest', number>, node: Node) {
  if (node.retained > 0) totals.retained += 1;
  else if (node.kind === 'committed') totals.layers += 1;
  else if (node.kind === 'active') totals.containers += 1;
  else totals.views += 1;
  totals.bytes += Math.max(0, node.bytes);
  totals.newest = Math.max(totals.newest, node.created);
}

function titleOf(images: readonly string[], root: Node): string {
  const more = images.length - shownImages;
  if (images.length > 0) return images.slice(0, shownImages).join(', ') + (more > 0 ? ` and ${more} more` : '');
  return root.ref === '' ? root.key : root.ref;
}
