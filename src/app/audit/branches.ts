/** A node with the strokes that lead to it, as `│  └─ `; empty for a root. */
export interface Branch<N> {
  readonly node: N;
  readonly strokes: string;
  readonly depth: number;
}

/** Every node below the roots, parents before their children, in the order that `childrenOf` gives. Deep chains don't recurse. */
export function* branches<N>(roots: readonly N[], childrenOf: (node: N) => readonly N[]): IterableIterator<Branch<N>> {
  const ahead = roots.map((node) => ({ node, strokes: '', below: '', depth: 0 })).reverse();
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    const { node, strokes, below, depth } = next;
    yield { node, strokes, depth };
    const children = childrenOf(node);
    for (let at = children.length - 1; at >= 0; at--) {
      const last = at === children.length - 1;
      const child = children[at] as N;
      ahead.push({
        node: child,
        strokes: `${below}${last ? '└─ ' : '├─ '}`,
        below: `${below}${last ? '   ' : '│  '}`,
        depth: depth + 1,
      });
    }
  }
}
