import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { answerTo, Problem, pathOf, type Values } from './ask.ts';
import { createLatest } from './latest.ts';

export interface Answered<T> {
  /** the newest answer to this question */
  readonly data: T | undefined;
  readonly problem: Problem | undefined;
  readonly reload: () => void;
}

/** What a rejection is for a person. */
export const problemIn = (error: unknown): Problem =>
  error instanceof Problem ? error : new Problem(-1, String(error), 'reload the page');

interface Outcome<T> extends Omit<Answered<T>, 'reload'> {
  readonly question: string | null;
}

const outcomeOf = <T>(question: string, signal: AbortSignal): Promise<Outcome<T>> =>
  answerTo(question, { signal })
    .then((response) => response.json())
    .then(
      (data) => ({ question, data, problem: undefined }),
      (error: unknown) => ({ question, data: undefined, problem: problemIn(error) }),
    );

/**
 * The answer of a route for some values. It is asked for again when the occasion changes, after the answer that is under way, and
 * after a failure that may pass; the one before is shown until then. Nothing is shown of another route or other values. A null
 * route asks nothing.
 */
export function useAnswer<T>(route: string | null, values: Values = {}, occasion: string | number = 0): Answered<T> {
  const question = route === null ? null : pathOf(route, values);
  const [outcome, setOutcome] = useState<Outcome<T>>();
  const [round, setRound] = useState(0);
  const ask = useRef<() => void>(undefined);
  useEffect(() => {
    if (question === null) return;
    const cancel = new AbortController();
    const { signal } = cancel;
    const latest = createLatest(async (path: string) => {
      const next = await outcomeOf<T>(path, signal);
      if (!signal.aborted) setOutcome(next);
    });
    ask.current = () => latest(question);
    return () => {
      cancel.abort();
      ask.current = undefined;
    };
  }, [question]);
  useEffect(() => {
    ask.current?.();
  }, [question, occasion, round]);
  const { data, problem } = outcome?.question === question ? outcome : nothing;
  const again = useCallback(() => setRound((one) => one + 1), []);
  useRetry(problem, again);
  const reload = useCallback(() => {
    setOutcome((now) => (now?.problem === undefined ? now : undefined));
    again();
  }, []);
  return { data, problem, reload };
}

const nothing = { data: undefined, problem: undefined };

const firstPause = 1000;
const longestPause = 10_000;

/** Asks again after a failure that may pass, with growing pauses. */
export function useRetry(problem: Problem | undefined, again: () => void): void {
  const pause = useRef(firstPause);
  useEffect(() => {
    if (problem === undefined) pause.current = firstPause;
    if (!problem?.passes) return;
    const timer = setTimeout(again, pause.current);
    pause.current = Math.min(2 * pause.current, longestPause);
    return () => clearTimeout(timer);
  }, [problem, again]);
}

/** The answer before, while there is none to the next question: for what would jump. */
export function useSteady<T>(answered: Answered<T>): Answered<T> {
  const last = useRef<T>(undefined);
  if (answered.data !== undefined) last.current = answered.data;
  return answered.problem === undefined && last.current !== undefined ? { ...answered, data: last.current } : answered;
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
