import { changeAddress } from '../../address-bar.ts';
import type { Density, Incident } from '../../api/rows.ts';
import { useAnswer, useSteady, useUntilFolded } from '../../api/use-answer.ts';
import { useNewestPosition, usePage } from '../../context.ts';
import { Await } from '../../parts/states.tsx';
import { DensityChart } from './density.tsx';
import { EventList } from './event-list.tsx';
import { Filters } from './filters.tsx';
import { Incidents } from './incidents.tsx';

const buckets = 160;
/** milliseconds until a density that is still being counted is asked for again */
const again = 300;

export function Timeline() {
  const { address } = usePage();
  const { since, until, type, namespace, actor } = address.values;
  const position = useNewestPosition();
  const chosen = { since, until, type, namespace, actor };
  // What ends in the past does not change any more.
  const round = until === undefined ? position : 0;
  const density = useSteady(useAnswer<Density>('density', { ...chosen, buckets }, round));
  const incidents = useSteady(useAnswer<readonly Incident[]>('incidents', { since, until }, round));
  useUntilFolded(density, again);
  const zoom = (from: number, to: number) => {
    const text = (seconds: number) => new Date(seconds * 1000).toISOString();
    changeAddress('timeline', { since: text(from), until: text(to) });
  };
  return (
    <>
      <Filters />
      <Await of={density} what="Counting events">
        {(found) => <DensityChart density={found} incidents={incidents.data ?? []} onSelect={zoom} />}
      </Await>
      <Incidents found={incidents} />
      <EventList />
    </>
  );
}
