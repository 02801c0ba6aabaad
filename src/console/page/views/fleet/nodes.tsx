import type { FleetNode } from '../../api/rows.ts';
import { hashOf } from '../../model/address.ts';
import { bytesText, counted, countText, millisecondsOf } from '../../model/units.ts';
import { Empty } from '../../parts/states.tsx';
import { Bytes, Foreign, Time } from '../../parts/text.tsx';
import { Virtual } from '../../parts/virtual.tsx';

interface NodesProps {
  /** how many there are */
  readonly all: number;
  readonly chosen: readonly FleetNode[];
}

const states = ['open', 'closed', 'silent', 'stopped'] as const;
const columns = ['Node', 'State', 'Snapshots', 'Size', 'Last event', 'Driver', 'Version', 'Note'];

/** How the nodes are, and how much they hold. */
export function Nodes({ all, chosen }: NodesProps) {
  const sum = (of: (node: FleetNode) => number) => chosen.reduce((total, node) => total + of(node), 0);
  const byState = states.flatMap((state) => {
    const count = chosen.filter((node) => node.state === state).length;
    return count === 0 ? [] : [`${countText(count)} ${state}`];
  });
  return (
    <section aria-labelledby="nodes">
      <h2 id="nodes">Nodes</h2>
      <p class="summary" role="status">
        {chosen.length < all && `${countText(chosen.length)} of `}
        {counted(all, 'node')}
        {byState.length > 0 && `: ${byState.join(', ')}`};{' '}
        {counted(
          sum(({ snapshots }) => snapshots),
          'snapshot',
        )}
        , {bytesText(sum(({ bytes }) => Number(bytes)))}
      </p>
      {chosen.length === 0 ? <None all={all} /> : <Rows nodes={chosen} />}
    </section>
  );
}

const None = ({ all }: Pick<NodesProps, 'all'>) => (
  <Empty>
    {all === 0 ? (
      <p>
        The database has no nodes yet. <code>snapledger fleet index</code> fills it from the cluster that the nodes
        forward to.
      </p>
    ) : (
      <p>No node has this name.</p>
    )}
  </Empty>
);

const Rows = ({ nodes }: { readonly nodes: readonly FleetNode[] }) => (
  <Virtual
    label="Nodes"
    role="grid"
    fits
    class="fleet nodes"
    columns={columns}
    count={nodes.length}
    onOpen={(at) => {
      location.hash = hashOf('fleet', { node: nodes[at]?.store });
    }}
    numbers={['Snapshots', 'Size']}
    line={(at, active) => {
      const node = nodes[at] as FleetNode;
      const { store, state, snapshots, bytes, lastEvent, driver, version } = node;
      return {
        id: store,
        cells: [
          <a href={hashOf('fleet', { node: store })} tabIndex={active ? 0 : -1}>
            <Foreign text={node.node === '' ? store : node.node} />
          </a>,
          <span class={`tag ${state === 'open' ? 'active' : state === 'closed' ? '' : 'incident'}`}>{state}</span>,
          countText(snapshots),
          <Bytes of={Number(bytes)} />,
          lastEvent === null ? '–' : <Time at={millisecondsOf(lastEvent)} />,
          driver,
          version,
          <Foreign text={noteOf(node)} />,
        ],
      };
    }}
  />
);

function noteOf({ fault, hint, twice, unknown, kernel, fileSystem }: FleetNode): string {
  if (fault !== '') return hint === '' ? fault : `${fault}: ${hint}`;
  if (twice) return 'another store has the same node name';
  if (unknown > 0) return `${counted(unknown, 'event')} of a newer release`;
  return [fileSystem, kernel].filter(Boolean).join(', ');
}
