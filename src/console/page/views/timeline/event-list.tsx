import { problemIn } from '../../api/use-answer.ts';
import { usePage } from '../../context.ts';
import { hashOf } from '../../model/address.ts';
import type { EventLine } from '../../model/event-line.ts';
import { Await, Empty, Failed } from '../../parts/states.tsx';
import { Foreign, Key, Time } from '../../parts/text.tsx';
import { type Line, Virtual } from '../../parts/virtual.tsx';
import { type Chosen, useChosen } from './chosen.ts';
import { useEvents } from './use-events.ts';

/** The chosen events, newest first: new ones appear at the top as they are recorded. */
export function EventList() {
  const chosen = useChosen();
  return <List key={JSON.stringify(chosen.values)} {...chosen} />;
}

function List(chosen: Chosen) {
  const { address } = usePage();
  const { events, complete, asking, failure, more, retry } = useEvents(chosen);
  return (
    <Await of={events} what="Reading events">
      {(lines) =>
        lines.length === 0 && complete ? (
          <Empty>
            <p>No event matches.</p>
            {Object.keys(address.values).length > 0 && <a href={hashOf('timeline')}>Show all events</a>}
          </Empty>
        ) : (
          <>
            <Virtual
              label="Events, newest first"
              role="grid"
              class="events"
              columns={['Position', 'Time', 'Type', 'Id', 'Key', 'What', 'Actor']}
              count={lines.length}
              numbers={['Position', 'Id']}
              line={(at, active) => lineOf(lines[at] as EventLine, active)}
              onOpen={(at) => open(lines[at])}
              onEnd={more}
            />
            {failure !== undefined && <Failed problem={problemIn(failure)} retry={retry} />}
            {asking && (
              <p class="busy" role="status">
                Reading older events…
              </p>
            )}
          </>
        )
      }
    </Await>
  );
}

function open(line: EventLine | undefined): void {
  if (line !== undefined && line.id !== '') location.hash = hashOf('snapshot', { key: line.id });
}

const lineOf = ({ position, time, type, group, id, about, what, actor }: EventLine, active: boolean): Line => ({
  id: position,
  class: group,
  cells: [
    <a href={hashOf('store', { at: position })} title="The Store at this moment" tabIndex={active ? 0 : -1}>
      {position}
    </a>,
    <Time at={time} />,
    <>
      <span class={`swatch ${group}`} aria-hidden="true" />
      {type}
    </>,
    id,
    id === '' ? <Foreign text={about} /> : <Key name={id} text={about} tab={active} />,
    <Foreign text={what} />,
    <Foreign text={actor} />,
  ],
});
