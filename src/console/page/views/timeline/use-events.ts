import { useCallback, useMemo, useState } from 'preact/hooks';
import type { WireEnvelope } from '../../../../../events/envelope.ts';
import { ask } from '../../api/ask.ts';
import type { EventsPage } from '../../api/rows.ts';
import { type Answered, useAnswer } from '../../api/use-answer.ts';
import { useMessages } from '../../context.ts';
import { type EventLine, eventLine } from '../../model/event-line.ts';
import type { Chosen } from './chosen.ts';

const pageLines = 300;
/** live events that are kept at most; older ones are asked for again when they come into view */
const maxLive = 2000;

interface Events {
  /** newest first */
  readonly events: Answered<readonly EventLine[]>;
  readonly complete: boolean;
  readonly asking: boolean;
  /** why older ones could not be read */
  readonly failure: unknown;
  /** reads older ones, unless that failed */
  readonly more: () => void;
  readonly retry: () => void;
}

interface Known {
  /** where the list begins anew, or what was read of it; undefined: with the first page */
  readonly block: EventsPage | undefined;
  /** recorded since the question for the first page, which may have some of them */
  readonly newer: readonly WireEnvelope[];
}

/** A page of events, older ones that were asked for, and those that were recorded since. */
export function useEvents({ values, chooses }: Chosen): Events {
  const [{ block: begun, newer }, setKnown] = useState<Known>({ block: undefined, newer: [] });
  const [failure, setFailure] = useState<unknown>();
  const [asking, setAsking] = useState(false);
  useMessages((message) => {
    if (message.kind !== 'events' || chooses === null) return;
    const { events, omitted } = message;
    const added = events.filter(chooses);
    const next = events[0]?.position;
    setKnown((known) => {
      // After a gap, or when there are too many, the list begins anew with the newest events, and the rest is read in pages.
      if (next !== undefined && (omitted > 0 || known.newer.length > maxLive))
        return { block: { events: added, next }, newer: [] };
      return added.length === 0 ? known : { ...known, newer: [...known.newer, ...added] };
    });
  });
  const { data, problem, reload } = useAnswer<EventsPage>('page', { ...values, lines: pageLines });
  const block = begun ?? data;
  const more = useCallback(() => {
    if (block?.next == null || asking || failure !== undefined) return;
    setAsking(true);
    ask<EventsPage>('page', { ...values, lines: pageLines, before: block.next })
      .then(({ events, next }) => {
        const longer = { events: [...events, ...block.events], next };
        setKnown((known) => (known.block === begun ? { ...known, block: longer } : known));
      }, setFailure)
      .finally(() => setAsking(false));
  }, [block, begun, asking, failure, values]);
  const lines = useMemo(() => block && linesOf(block.events, newer), [block, newer]);
  return {
    events: { data: lines, problem: begun === undefined ? problem : undefined, reload },
    complete: block?.next === null,
    ...{ asking, failure, more, retry: () => setFailure(undefined) },
  };
}

function linesOf(events: EventsPage['events'], newer: readonly WireEnvelope[]): readonly EventLine[] {
  const last = Number(events.at(-1)?.position ?? 0);
  return [...events, ...newer.filter(({ position }) => Number(position) > last)].map(eventLine).reverse();
}
