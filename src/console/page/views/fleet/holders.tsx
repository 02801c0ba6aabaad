import type { FleetHolder } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { usePage } from '../../context.ts';
import { hashOf } from '../../model/address.ts';
import { counted, millisecondsOf } from '../../model/units.ts';
import { Await } from '../../parts/states.tsx';
import { Bytes, Foreign, Time } from '../../parts/text.tsx';
import { Virtual } from '../../parts/virtual.tsx';

interface HoldersProps {
  readonly layer: string | undefined;
  readonly image: string | undefined;
  readonly round: number;
}

/** The nodes that hold a layer or an image. */
export function Holders({ layer, image, round }: HoldersProps) {
  const asked = layer !== undefined || image !== undefined;
  const holders = useAnswer<readonly FleetHolder[]>(asked ? 'fleet/holds' : null, { layer, image }, round);
  if (!asked) return null;
  return (
    <section aria-labelledby="holders">
      <h2 id="holders">
        Who holds <Foreign text={layer ?? image ?? ''} />
      </h2>
      <Await of={holders} what="Asking for the holders">
        {(found) => <Rows holders={found} />}
      </Await>
    </section>
  );
}

const columns = ['Node', 'Kind', 'Size', 'Since', 'Last used', 'Containers', 'Layer'];

function Rows({ holders }: { readonly holders: readonly FleetHolder[] }) {
  const { address } = usePage();
  const nodes = new Set(holders.map(({ store }) => store)).size;
  return (
    <>
      <p class="summary" role="status">
        {counted(nodes, 'node')}, {counted(holders.length, 'snapshot')}
      </p>
      <Virtual
        label="Holders"
        role="grid"
        fits
        class="fleet holders"
        columns={columns}
        count={holders.length}
        numbers={['Size']}
        line={(at, active) => {
          const { node, store, kind, id, key, bytes, since, lastUsed, containers } = holders[at] as FleetHolder;
          return {
            id: `${store} ${id ?? key} ${at}`,
            cells: [
              <a href={hashOf('fleet', { ...address.values, node })} tabIndex={active ? 0 : -1}>
                <Foreign text={node === '' ? store : node} />
              </a>,
              kind ?? 'name only',
              <Bytes of={bytes === null ? null : Number(bytes)} />,
              since === null ? '–' : <Time at={millisecondsOf(since)} />,
              lastUsed === null ? '–' : <Time at={millisecondsOf(lastUsed)} />,
              <Foreign text={containers.length === 0 ? 'none' : containers.join(', ')} />,
              <Foreign text={key} />,
            ],
          };
        }}
      />
    </>
  );
}
