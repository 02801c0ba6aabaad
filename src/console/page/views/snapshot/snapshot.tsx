import type { History } from '../../api/rows.ts';
import { useAnswer } from '../../api/use-answer.ts';
import { useNewestPosition, usePage } from '../../context.ts';
import { hashOf } from '../../model/address.ts';
import { eventLine } from '../../model/event-line.ts';
import { Scroll } from '../../parts/scroll.tsx';
import { Await, Empty } from '../../parts/states.tsx';
import { Foreign, Key, Time } from '../../parts/text.tsx';
import { BlamePath } from './blame.tsx';
import { Files } from './files.tsx';
import { Life } from './life.tsx';
import { Mounts } from './mounts.tsx';
import { Now } from './now.tsx';
import { Reasons } from './reasons.tsx';

/** All that is known of a snapshot, existing or not; of all that ever had its key. */
export function SnapshotView() {
  const { address } = usePage();
  const { key = '' } = address.values;
  const round = useNewestPosition();
  const histories = useAnswer<readonly History[]>(key === '' ? null : 'history', { key }, round);
  if (key === '')
    return (
      <Empty>
        <p>
          Choose a snapshot in the <a href={hashOf('store')}>Store</a> or the <a href={hashOf('timeline')}>Timeline</a>.
        </p>
      </Empty>
    );
  return (
    <Await of={histories} what="Reading the history">
      {(found) => (
        <>
          {found.map((history) => (
            <One key={history.id} history={history} />
          ))}
        </>
      )}
    </Await>
  );
}

function One({ history }: { readonly history: History }) {
  const { id, key, name, now, parents, children, events } = history;
  const newest = Number(events.at(-1)?.position ?? 0);
  return (
    <article aria-labelledby={`snapshot-${id}`}>
      <h2 id={`snapshot-${id}`}>
        {id} <Foreign text={now ?? name ?? key} whole />
      </h2>
      <Life events={events} />
      <Reasons id={id} occasion={newest} />
      {now !== null && (
        <div class="columns">
          <Now id={id} occasion={newest} />
          <Mounts id={id} occasion={newest} />
        </div>
      )}
      <div class="columns">
        <section>
          <h3>Parents, nearest first</h3>
          <Relatives of={parents} none="none: it is the lowest layer" />
        </section>
        <section>
          <h3>Children</h3>
          <Relatives of={children} none="none was ever prepared on it" />
        </section>
      </div>
      <h3>History</h3>
      <Events events={events} />
      {now !== null && <BlamePath id={id} />}
      <Files id={id} />
    </article>
  );
}

function Relatives({ of, none }: { readonly of: History['parents']; readonly none: string }) {
  if (of.length === 0) return <p class="summary">{none}</p>;
  return (
    <ul class="relatives">
      {of.map(({ id, was, now }) => (
        <li key={id}>
          <span class="number">{id}</span> <Key name={id} text={now ?? was} />
          {now === null && <span class="tag removed">gone</span>}
        </li>
      ))}
    </ul>
  );
}

const Events = ({ events }: Pick<History, 'events'>) => (
  <Scroll of="events">
    <table>
      <thead>
        <tr>
          <th class="number">Position</th>
          <th>Time</th>
          <th>Type</th>
          <th>What</th>
          <th>Actor</th>
        </tr>
      </thead>
      <tbody>
        {events.map(eventLine).map(({ position, time, type, group, what, actor }) => (
          <tr key={position}>
            <td class="number">
              <a href={hashOf('store', { at: position })} title="The Store at this moment">
                {position}
              </a>
            </td>
            <td>
              <Time at={time} />
            </td>
            <td>
              <span class={`swatch ${group}`} aria-hidden="true" />
              {type}
            </td>
            <td>
              <Foreign text={what} />
            </td>
            <td>
              <Foreign text={actor} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  </Scroll>
);
