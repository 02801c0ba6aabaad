import type { FleetIncident, FleetNode } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { counted, millisecondsOf } from '../../model/units.ts';
import { Await } from '../../parts/states.tsx';
import { Foreign, Time } from '../../parts/text.tsx';
import { Virtual } from '../../parts/virtual.tsx';

interface FleetIncidentsProps {
  /** undefined: of all nodes */
  readonly of: readonly FleetNode[] | undefined;
  readonly round: number;
}

/** the server's own limit */
const newest = 1000;
const columns = ['Time', 'Kind', 'Node', 'What', 'Snapshot'];

/** What went wrong, newest first. The server chooses for one node; of several, the newest of all nodes are searched. */
export function FleetIncidents({ of, round }: FleetIncidentsProps) {
  const node = of?.length === 1 ? of[0]?.store : undefined;
  const incidents = useAnswer<readonly FleetIncident[]>('fleet/incidents', { node }, round);
  return (
    <section aria-labelledby="fleet-incidents">
      <h2 id="fleet-incidents">Incidents</h2>
      <Await of={incidents} what="Asking for incidents">
        {(found) => {
          const stores = of && new Set(of.map(({ store }) => store));
          return <Rows incidents={stores ? found.filter(({ store }) => stores.has(store)) : found} />;
        }}
      </Await>
    </section>
  );
}

function Rows({ incidents }: { readonly incidents: readonly FleetIncident[] }) {
  if (incidents.length === 0) return <p class="summary">No incidents.</p>;
  return (
    <>
      <p class="summary">
        {counted(incidents.length, 'incident')}, newest first
        {incidents.length === newest && '; there are more: `snapledger fleet incidents --lines N`'}
      </p>
      <Virtual
        label="Incidents of the fleet"
        role="grid"
        fits
        class="fleet mishaps"
        columns={columns}
        count={incidents.length}
        line={(at) => {
          const { store, node, position, time, kind, text, key } = incidents[at] as FleetIncident;
          return {
            id: `${store} ${position} ${at}`,
            cells: [
              <Time at={millisecondsOf(time)} />,
              <span class="tag incident">{kind}</span>,
              <Foreign text={node === '' ? store : node} />,
              <Foreign text={text} />,
              <Foreign text={key} />,
            ],
          };
        }}
      />
    </>
  );
}
