import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { ask, Problem, type Values } from './ask.ts';

export interface Answered<T> {
  /** the newest answer; the previous one while the next is under way */
  readonly data: T | undefined;
  readonly problem: Problem | undefined;
  readonly loading: boolean;
  readonly reload: () => void;
}

/** What a rejection is for a person. */
export const problemIn = (error: unknown): Problem =>
  error instanceof Problem ? error : new Problem(-1, String(error), 'reload the page');

/**
 * The answer of a route for some values, asked again when they or the occasion change. A null route asks nothing. An earlier
 * question is cancelled, so that answers never overtake each other.
 */
export function useAnswer<T>(route: string | null, values: Values = {}, occasion = 0): Answered<T> {
  const [answered, setAnswered] = useState<Omit<Answered<T>, 'reload'>>(initial);
  const [round, setRound] = useState(0);
  const shown = useRef(route);
  const wanted = JSON.stringify(values);
  useEffect(() => {
    if (route === null) return setAnswered(nothing);
    const cancel = new AbortController();
    const { signal } = cancel;
    const keep = shown.current === route;
    shown.current = route;
    setAnswered(({ data }) => ({ data: keep ? data : undefined, problem: undefined, loading: true }));
    ask<T>(route, JSON.parse(wanted) as Values, signal).then(
      (data) => signal.aborted || setAnswered({ data, problem: undefined, loading: false }),
      (error: unknown) => signal.aborted || setAnswered({ data: undefined, problem: problemIn(error), loading: false }),
    );
    return () => cancel.abort();
  }, [route, wanted, occasion, round]);
  return { ...answered, reload: useCallback(() => setRound((one) => one + 1), []) };
}

interface Folded {
  /** events that are in the answer, of all */
  readonly folded: string;
  readonly total: string;
}

/** Asks again after a pause in milliseconds, until an answer has all events: the server reads a long log while it answers. */
export function useUntilFolded({ data, reload }: Answered<Folded>, pause: number): void {
  useEffect(() => {
    if (data === undefined || Number(data.folded) >= Number(data.total)) return;
    const timer = setTimeout(reload, pause);
    return () => clearTimeout(timer);
  }, [data, reload]);
}

const initial = { data: undefined, problem: undefined, loading: true };
const nothing = { data: undefined, problem: undefined, loading: false };
