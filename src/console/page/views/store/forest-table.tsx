import { hashOf } from '../../model/address.ts';
import type { Node, Tree } from '../../model/forest.ts';
import type { Line as ForestLine } from '../../model/forest-lines.ts';
import { counted } from '../../model/units.ts';
import { Age, Bytes, Foreign, Key } from '../../parts/text.tsx';
import { type Line, Virtual } from '../../parts/virtual.tsx';

interface TableProps {
  readonly lines: readonly ForestLine[];
  readonly onExpand: (root: number, open: boolean) => void;
}

/** Trees and the snapshots of open ones. */
export function ForestTable({ lines, onExpand }: TableProps) {
  const now = Date.now();
  const open = (at: number) => {
    const line = lines[at];
    if (line === undefined) return;
    if ('node' in line) location.hash = hashOf('snapshot', { key: line.node.id });
    else onExpand(line.tree.root.id, !line.open);
  };
  return (
    <Virtual
      label="Snapshots by image"
      role="treegrid"
      class="forest"
      columns={['Snapshot', 'Kind', 'Size', 'Age', 'Namespace', 'Id']}
      count={lines.length}
      numbers={['Size', 'Age', 'Id']}
      line={(at, active) => lineOf(lines[at] as ForestLine, active, now, onExpand)}
      onOpen={open}
      onExpand={(at, wanted) => {
        const line = lines[at];
        if (line !== undefined) onExpand(line.tree.root.id, wanted);
      }}
    />
  );
}

const lineOf = (line: ForestLine, active: boolean, now: number, onExpand: TableProps['onExpand']): Line =>
  'node' in line ? nodeLine(line.node, line.depth, active, now) : treeLine(line.tree, line.open, now, onExpand);

function treeLine(tree: Tree, open: boolean, now: number, onExpand: TableProps['onExpand']): Line {
  const { root, title, layers, containers, views, retained, bytes, newest } = tree;
  const parts = [
    layers > 0 ? counted(layers, 'layer') : '',
    containers > 0 ? counted(containers, 'active') : '',
    views > 0 ? counted(views, 'view') : '',
    retained > 0 ? `${retained} retained` : '',
  ].filter((part) => part !== '');
  return {
    id: `tree ${root.id}`,
    class: 'tree',
    level: 1,
    expanded: open,
    cells: [
      <>
        <button
          type="button"
          class="twisty"
          tabIndex={-1}
          aria-label={open ? 'close' : 'open'}
          onClick={() => onExpand(root.id, !open)}
        >
          {open ? '▾' : '▸'}
        </button>
        <Foreign text={title} />
      </>,
      parts.join(', '),
      <Bytes of={bytes} />,
      <Age at={newest} now={now} />,
      <Foreign text={root.namespace} />,
      '',
    ],
  };
}

const indent = 10;
/** Deeper ones are as far to the right as this: a chain of layers can be 127 long. */
const maxDepth = 14;

const nodeLine = (node: Node, depth: number, active: boolean, now: number): Line => ({
  id: node.id,
  class: node.retained > 0 ? 'node retained' : `node ${node.kind}`,
  level: depth + 2,
  cells: [
    <span style={{ paddingLeft: `${24 + Math.min(depth, maxDepth) * indent}px` }}>
      <Key name={String(node.id)} text={node.key} tab={active} />
    </span>,
    <span class={`tag ${node.retained > 0 ? 'retained' : node.kind}`}>
      {node.retained > 0 ? 'retained' : node.kind}
    </span>,
    <Bytes of={node.bytes} />,
    <Age at={node.created} now={now} />,
    <Foreign text={node.namespace} />,
    node.id,
  ],
});
