import type { Incident } from '../../api/rows.ts';
import type { Answered } from '../../api/use-answer.ts';
import { hashOf } from '../../model/address.ts';
import { counted, millisecondsOf } from '../../model/units.ts';
import { Failed } from '../../parts/states.tsx';
import { Foreign, Time } from '../../parts/text.tsx';

/** What went wrong in the period, each with the Store at that moment. */
export function Incidents({ found: { data, problem, reload } }: { readonly found: Answered<readonly Incident[]> }) {
  if (problem !== undefined) return <Failed problem={problem} retry={reload} />;
  if (data === undefined) return null;
  if (data.length === 0) return <p class="summary">No incidents in this period.</p>;
  return (
    <details class="incidents">
      <summary>{counted(data.length, 'incident')}</summary>
      <ul>
        {data.map(({ position, time, kind, text }) => (
          <li key={position}>
            <span class="tag incident">{kind}</span> <Time at={millisecondsOf(time)} /> <Foreign text={text} />{' '}
            <a href={hashOf('store', { at: position })}>Store at {position}</a>
          </li>
        ))}
      </ul>
    </details>
  );
}
