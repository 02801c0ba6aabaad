import { useCallback, useMemo, useState } from 'preact/hooks';
import type { WireEnvelope } from '../../../../../events/envelope.ts';
import { ask } from '../../api/ask.ts';
import type { EventsPage } from '../../api/rows.ts';
import { problemIn, useAnswer } from '../../api/use-answer.ts';
import { useMessages, usePage } from '../../context.ts';
import { hashOf } from '../../model/address.ts';
import { type EventLine, eventLine } from '../../model/event-line.ts';
import { Await, Empty, Failed } from '../../parts/states.tsx';
import { Foreign, Key, Time } from '../../parts/text.tsx';
import { type Line, Virtual } from '../../parts/virtual.tsx';
import { useChosen } from './chosen.ts';

const pageLines = 300;
/** live events that are kept at most; older ones are asked for again when they come into view */
const maxLive = 2000;

/** The chosen events, newest first: new ones appear at the top as they are recorded. */
export function EventList() {
  const { values, chooses } = useChosen();
  const page = useAnswer<EventsPage>('page', { ...values, lines: pageLines });
  return (
    <Await of={page} what="Reading events">
      {(found) => <Pages key={JSON.stringify(values)} first={found} values={values} chooses={chooses} />}
    </Await>
  );
}

interface PagesProps {
  readonly first: EventsPage;
  readonly values: Readonly<Record<string, string | undefined>>;
  /** null: the newest events are not among the chosen ones, or the page can't decide it */
  readonly chooses: ((event: WireEnvelope) => boolean) | null;
}

interface Events {
  /** newest first */
  readonly lines: readonly EventLine[];
  readonly complete: boolean;
  readonly asking: boolean;
  readonly problem: unknown;
  /** reads older ones, unless that failed */
  readonly more: () => void;
  readonly retry: () => void;
}

/** A page of events, older ones that were asked for, and those that were recorded since. */
function useEvents({ first, values, chooses }: PagesProps): Events {
  const [older, setOlder] = useState<{ events: readonly WireEnvelope[]; next: string | null }>(first);
  const [newer, setNewer] = useState<readonly WireEnvelope[]>([]);
  const [problem, setProblem] = useState<unknown>();
  const [asking, setAsking] = useState(false);
  const newest = Number(first.events.at(-1)?.position ?? 0);
  useMessages((message) => {
    if (message.kind !== 'events' || chooses === null) return;
    const added = message.events.filter((event) => Number(event.position) > newest && chooses(event));
    const begin = message.events[0]?.position;
    // After a gap, or when there are too many, the list begins anew with the newest events, and the rest is read in pages.
    if (begin !== undefined && (message.omitted > 0 || newer.length > maxLive)) {
      setOlder({ events: added, next: begin });
      setNewer([]);
    } else if (added.length > 0) setNewer((before) => [...before, ...added]);
  });
  const more = useCallback(() => {
    if (older.next === null || asking || problem !== undefined) return;
    setAsking(true);
    ask<EventsPage>('page', { ...values, lines: pageLines, before: older.next })
      .then(
        (page) =>
          setOlder((now) => (now === older ? { events: [...page.events, ...now.events], next: page.next } : now)),
        setProblem,
      )
      .finally(() => setAsking(false));
  }, [older, asking, problem, values]);
  const lines = useMemo(() => [...older.events, ...newer].map(eventLine).reverse(), [older, newer]);
  return { lines, complete: older.next === null, asking, problem, more, retry: () => setProblem(undefined) };
}

function Pages(props: PagesProps) {
  const { address } = usePage();
  const { lines, complete, asking, problem, more, retry } = useEvents(props);
  if (lines.length === 0 && complete)
    return (
      <Empty>
        <p>No event matches.</p>
        {Object.keys(address.values).length > 0 && <a href={hashOf('timeline')}>Show all events</a>}
      </Empty>
    );
  return (
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
      {problem !== undefined && <Failed problem={problemIn(problem)} retry={retry} />}
      {asking && (
        <p class="busy" role="status">
          Reading older events…
        </p>
      )}
    </>
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
