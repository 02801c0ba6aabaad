import type { Node, Tree } from './forest.ts';

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
