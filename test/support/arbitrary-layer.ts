import * as fc from 'fast-check';
import { directory, type Entry, file, link, opaque, symlink, whiteout } from './image/entries.ts';

/** An entry of a layer, before it has a path. */
type Node =
  | {
      readonly type: 'directory';
      readonly opaque: 'first' | 'last' | 'no';
      readonly within: Within;
      readonly mode: number;
    }
  | { readonly type: 'file'; readonly content: string; readonly uid: number; readonly capable: boolean }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'link' | 'whiteout' | 'fifo' | 'device' };
type Within = Readonly<Record<string, Node>>;

/** Few names, so that layers meet. */
const name = fc.constantFrom('a', 'b', 'c', 'ü x');
const leaf: fc.Arbitrary<Node> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('file' as const),
      content: fc.string(),
      uid: fc.constantFrom(0, 0, 1000),
      capable: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('symlink' as const), target: fc.constantFrom('a', '../b', '/c') }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'link' as const,
        'whiteout' as const,
        'whiteout' as const,
        'fifo' as const,
        'device' as const,
      ),
    }),
  },
);
const { within } = fc.letrec<{ node: Node; within: Within }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    leaf,
    fc.record({
      type: fc.constant('directory' as const),
      opaque: fc.constantFrom('no' as const, 'no' as const, 'first' as const, 'last' as const),
      within: tie('within'),
      mode: fc.constantFrom(0o755, 0o700, 0o2775, 0o1777),
    }),
  ),
  within: fc.dictionary(name, tie('node'), { maxKeys: 4, noNullPrototype: true }),
}));

/** The capability `cap_net_raw`, as the kernel stores it. */
const netRaw = Buffer.from('0100000200200000000000000000000000000000', 'hex');

/** A layer as builders write it: each directory before its content, and no whiteout for what the layer has itself. */
export const arbitraryLayer: fc.Arbitrary<readonly Entry[]> = within.map((top) => {
  const entries: Entry[] = [];
  let first: string | undefined;
  const put = (path: string, node: Node): void => {
    switch (node.type) {
      case 'directory':
        entries.push(directory(path, { mode: node.mode }));
        if (node.opaque === 'first') entries.push(opaque(path));
        for (const [name, inside] of Object.entries(node.within)) put(`${path}/${name}`, inside);
        if (node.opaque === 'last') entries.push(opaque(path));
        return;
      case 'file':
        entries.push(
          file(path, node.content, {
            uid: node.uid,
            ...(node.capable && { xattrs: { 'security.capability': netRaw, 'user.note': Buffer.from(path) } }),
          }),
        );
        first ??= path;
        return;
      case 'symlink':
        entries.push(symlink(path, node.target, { uid: 7 }));
        return;
      case 'link':
        entries.push(first === undefined ? file(path, 'one name') : link(path, first));
        return;
      case 'whiteout':
        entries.push(whiteout(path));
        return;
      case 'fifo':
        entries.push({ type: 'fifo', path, mode: 0o620 });
        return;
      case 'device':
        entries.push({ type: 'device', path, major: 1, minor: 3, mode: 0o666 });
    }
  };
  for (const [name, node] of Object.entries(top)) put(name, node);
  return entries;
});
