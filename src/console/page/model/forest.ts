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

export type Nodes = ReadonlyMap<number, Node>;

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

/** The nodes of an answer, which has all of them or, with a `base`, what differs from that. */
export function nodesAfter(answer: Forest, before: Nodes): Nodes {
  const nodes = new Map(answer.base === null ? [] : before);
  for (const id of answer.gone) nodes.delete(id);
  for (const node of nodesIn(answer)) nodes.set(node.id, node);
  return nodes;
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

/** The trees of a store, newest first. A node whose parent is not here is a root. */
export function treesOf(nodes: Nodes): readonly Tree[] {
  const children = new Map<number, Node[]>();
  const roots: Node[] = [];
  for (const node of nodes.values()) {
    const siblings = children.get(node.parent);
    if (node.parent === 0 || !nodes.has(node.parent)) roots.push(node);
    else if (siblings === undefined) children.set(node.parent, [node]);
    else siblings.push(node);
  }
  for (const siblings of children.values()) siblings.sort((a, b) => a.id - b.id);
  return roots.map((root) => treeOf(root, children)).sort((a, b) => b.newest - a.newest || b.root.id - a.root.id);
}

const shownImages = 3;

function treeOf(root: Node, children: ReadonlyMap<number, readonly Node[]>): Tree {
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
    const below = children.get(node.id) ?? [];
    for (let at = below.length - 1; at >= 0; at--) ahead.push([below[at] as Node, depth + 1]);
  }
  return { root, nodes, depths, title: titleOf([...images], root), ...totals };
}

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

/** A line of the forest: a whole tree, or a node of an open one. */
export type Line =
  | { readonly tree: Tree; readonly open: boolean }
  | { readonly tree: Tree; readonly node: Node; readonly depth: number };

/** The lines to show. With a text, trees that contain it are open and have only what matches and the way to it. */
export function linesOf(trees: readonly Tree[], open: ReadonlySet<number>, text: string): readonly Line[] {
  const lines: Line[] = [];
  const wanted = text.trim().toLowerCase();
  for (const tree of trees) {
    const matching = wanted === '' ? undefined : matchesIn(tree, wanted);
    if (matching?.size === 0) continue;
    const shown = matching !== undefined || open.has(tree.root.id);
    lines.push({ tree, open: shown });
    if (!shown) continue;
    tree.nodes.forEach((node, at) => {
      if (matching === undefined || matching.has(node.id)) lines.push({ tree, node, depth: tree.depths[at] ?? 0 });
    });
  }
  return lines;
}

/** Ids of the nodes that contain a text in key, digest or image, with all their parents. */
function matchesIn({ nodes }: Tree, wanted: string): ReadonlySet<number> {
  const found = new Set<number>();
  for (let at = nodes.length - 1; at >= 0; at--) {
    const node = nodes[at] as Node;
    if (!found.has(node.id) && !matches(node, wanted)) continue;
    found.add(node.id);
    if (at > 0) found.add(node.parent);
  }
  return found;
}

const matches = ({ id, key, ref, image }: Node, wanted: string): boolean =>
  key.toLowerCase().includes(wanted) ||
  ref.includes(wanted) ||
  image.toLowerCase().includes(wanted) ||
  String(id) === wanted;
