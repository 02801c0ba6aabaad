import type { Incident } from '../../api/rows.ts';
import type { Answered } from '../../api/use-answer.ts';
import { hashOf } from '../../model/address.ts';
import { counted, millisecondsOf } from '../../model/units.ts';
import { Await } from '../../parts/states.tsx';
import { Foreign, Time } from '../../parts/text.tsx';

/** What went wrong in the period, each with the Store at that moment. */
export const Incidents = ({ found }: { readonly found: Answered<readonly Incident[]> }) => (
  <Await of={found} what="Looking for incidents">
    {(all) => <List incidents={all} />}
  </Await>
);

function List({ incidents }: { readonly incidents: readonly Incident[] }) {
  if (incidents.length === 0) return <p class="summary">No incidents in this period.</p>;
  return (
    <details class="incidents">
      <summary>{counted(incidents.length, 'incident')}</summary>
      <ul>
        {incidents.map(({ position, time, kind, text }) => (
          <li key={position}>
            <span class="tag incident">{kind}</span> <Time at={millisecondsOf(time)} /> <Foreign text={text} />{' '}
            <a href={hashOf('store', { at: position })}>Store at {position}</a>
          </li>
        ))}
      </ul>
    </details>
  );
}
